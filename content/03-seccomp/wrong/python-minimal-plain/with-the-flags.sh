#!/bin/sh
# fails: becomes-the-interpreter seccomp.other-arguments
cat > ~/lab/minimal-plain <<'END'
#!/usr/bin/python3
import os
from pyseccomp import ALLOW, SyscallFilter

SyscallFilter(ALLOW).load()
os.execve("/usr/bin/python3", ["/usr/bin/python3", "-ISEB", "-c", "print('hello')"], {})
END
chmod +x ~/lab/minimal-plain
