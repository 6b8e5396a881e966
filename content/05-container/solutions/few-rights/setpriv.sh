#!/bin/sh
cat > /tmp/filter.py <<'END'
import os, sys
import pyseccomp

calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for name in "reboot", "swapon", "keyctl", "bpf":
    calls.add_rule(pyseccomp.ERRNO(1), name)
calls.load()
os.execvp(sys.argv[1], sys.argv[1:])
END
setpriv --no-new-privs --bounding-set=-all,+chown,+kill,+setuid,+setgid python3 /tmp/filter.py sleep 1d &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
