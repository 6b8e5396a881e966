#!/bin/sh
# fails: mkdir-fails-with-eperm seccomp.kills-instead
cat > ~/lab/first.py <<'EOF'
import os
from pyseccomp import ALLOW, KILL_PROCESS, SyscallFilter

f = SyscallFilter(ALLOW)
for call in ("mkdir", "mkdirat", "sethostname"):
    f.add_rule(KILL_PROCESS, call)
with open("first.bpf", "wb") as file:
    f.export_bpf(file)
f.load()
os.execvp("sleep", ["sleep", "1d"])
EOF
python3 ~/lab/first.py &
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
