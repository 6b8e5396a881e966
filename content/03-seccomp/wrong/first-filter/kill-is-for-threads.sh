#!/bin/sh
# fails: sethostname-kills seccomp.kills-a-thread
cat > ~/lab/first.py <<'EOF'
import os
from pyseccomp import ALLOW, ERRNO, KILL, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(1), "mkdir")
f.add_rule(ERRNO(1), "mkdirat")
f.add_rule(KILL, "sethostname")
with open("first.bpf", "wb") as file:
    f.export_bpf(file)
f.load()
os.execvp("sleep", ["sleep", "1d"])
EOF
python3 ~/lab/first.py &
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
