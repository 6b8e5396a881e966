#!/bin/sh
# fails: sethostname-kills seccomp.does-not-kill
cat > ~/lab/first.py <<'EOF'
import os
from pyseccomp import ALLOW, ERRNO, SyscallFilter

f = SyscallFilter(ALLOW)
for call in ("mkdir", "mkdirat", "sethostname"):
    f.add_rule(ERRNO(1), call)
with open("first.bpf", "wb") as file:
    f.export_bpf(file)
f.load()
os.execvp("sleep", ["sleep", "1d"])
EOF
python3 ~/lab/first.py &
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
