#!/bin/sh
# fails: becomes-the-interpreter seccomp.python-unfiltered
# The filter is loaded by a child, and Python is executed by its parent.
cat > ~/lab/minimal-errno <<'END'
#!/usr/bin/python3
import errno, os
from pyseccomp import ALLOW, ERRNO, SyscallFilter

if os.fork() == 0:
    f = SyscallFilter(ERRNO(errno.ENOSYS))
    f.add_rule(ALLOW, "exit_group")
    f.load()
    os._exit(0)
os.execve("/usr/bin/python3", ["/usr/bin/python3", "-ISEB", "-c", "print('hello')"], {})
END
chmod +x ~/lab/minimal-errno
