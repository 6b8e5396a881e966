#!/bin/sh
# libseccomp from Python: the program writes its filter, loads it, and becomes a sleep.
cat > ~/lab/first.py <<'EOF'
import errno, os
from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(errno.EPERM), "mkdir")
f.add_rule(ERRNO(errno.EPERM), "mkdirat")
f.add_rule(KILL_PROCESS, "sethostname")
with open("first.bpf", "wb") as file:
    f.export_bpf(file)
f.load()
os.execvp("sleep", ["sleep", "1d"])
EOF
python3 ~/lab/first.py &
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
