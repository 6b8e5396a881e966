#!/bin/sh
# fails: mkdir-fails-with-eperm seccomp.another-door
cat > ~/lab/first.py <<'EOF'
import os
from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(1), "mkdir")
f.add_rule(KILL_PROCESS, "sethostname")
with open("first.bpf", "wb") as file:
    f.export_bpf(file)
f.load()
os.execvp("sleep", ["sleep", "1d"])
EOF
python3 ~/lab/first.py &
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
