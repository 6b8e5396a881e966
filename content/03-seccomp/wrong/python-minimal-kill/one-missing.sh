#!/bin/sh
# fails: python-works-under-it seccomp.python-broken
env -i strace -o /tmp/trace /usr/bin/python3 -ISEB -c "print('hello')" > /dev/null || exit 1
calls=$(grep -o '^[a-z0-9_]*' /tmp/trace | sort -u | grep -vx getrandom | tr '\n' ' ')
cat > ~/lab/minimal-kill <<END
#!/usr/bin/python3
import os
from pyseccomp import ALLOW, KILL_PROCESS, Arch, SyscallFilter

f = SyscallFilter(KILL_PROCESS)
for call in "$calls".split():
    f.add_rule(ALLOW, call)
f.load()
os.execve("/usr/bin/python3", ["/usr/bin/python3", "-ISEB", "-c", "print('hello')"], {})
END
chmod +x ~/lab/minimal-kill
