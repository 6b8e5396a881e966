#!/bin/sh
# fails: at-most-twice-as-many seccomp.far-too-many
cat > ~/lab/minimal-plain <<'END'
#!/usr/bin/python3
import os
from pyseccomp import ALLOW, KILL_PROCESS, SyscallFilter

f = SyscallFilter(KILL_PROCESS)
for number in range(450):
    f.add_rule(ALLOW, number)
f.load()
os.execve("/usr/bin/python3", ["/usr/bin/python3", "-c", "print('hello')"], {})
END
chmod +x ~/lab/minimal-plain
