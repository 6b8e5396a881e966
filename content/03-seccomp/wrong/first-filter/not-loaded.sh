#!/bin/sh
# fails: sleep-runs-under-it seccomp.not-loaded
python3 - <<'EOF'
from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(1), "mkdir")
f.add_rule(ERRNO(1), "mkdirat")
f.add_rule(KILL_PROCESS, "sethostname")
with open("first.bpf", "wb") as file:
    f.export_bpf(file)
f.load()
EOF
sleep 1d &
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
