#!/bin/sh
# A user other than root has no capability left but in the bounding set.
cat > /tmp/filter.py <<'END'
import os, sys
import pyseccomp

calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for name in "reboot", "swapon", "keyctl", "bpf":
    calls.add_rule(pyseccomp.ERRNO(1), name)
calls.load()
os.execvp(sys.argv[1], sys.argv[1:])
END
python3 /tmp/filter.py setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all --bounding-set=-all sleep 1d &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
