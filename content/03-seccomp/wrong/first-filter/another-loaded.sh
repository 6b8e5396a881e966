#!/bin/sh
# fails: sleep-runs-under-it seccomp.another-filter
cat > another.py <<'END'
import os
from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(1), "mkdir")
f.add_rule(ERRNO(1), "mkdirat")
f.add_rule(KILL_PROCESS, "sethostname")
with open("first.bpf", "wb") as file:
    f.export_bpf(file)
another = SyscallFilter(ALLOW)
another.add_rule(ERRNO(1), "reboot")
another.load()
os.execvp("sleep", ["sleep", "1d"])
END
python3 another.py &
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
