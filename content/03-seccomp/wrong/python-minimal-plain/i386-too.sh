#!/bin/sh
# fails: answers-are-two seccomp.other-table
env -i strace -o /tmp/trace /usr/bin/python3 -c "print('hello')" > /dev/null || exit 1
calls=$(grep -o '^[a-z0-9_]*' /tmp/trace | sort -u |  tr '\n' ' ')
cat > ~/lab/minimal-plain <<END
#!/usr/bin/python3
import os
from pyseccomp import ALLOW, KILL_PROCESS, Arch, SyscallFilter

f = SyscallFilter(KILL_PROCESS)
f.add_arch(Arch.X86)
for call in "$calls".split():
    f.add_rule(ALLOW, call)
f.load()
os.execve("/usr/bin/python3", ["/usr/bin/python3", "-c", "print('hello')"], {})
END
chmod +x ~/lab/minimal-plain
