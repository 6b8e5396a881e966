#!/bin/sh
# fails: capabilities-are-few container.too-many-capabilities
# One has a filter, the other one the capabilities.
cat > /tmp/filter.py <<'END'
import os, sys
import pyseccomp

calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for name in "reboot", "swapon", "keyctl", "bpf":
    calls.add_rule(pyseccomp.ERRNO(1), name)
calls.load()
os.execvp(sys.argv[1], sys.argv[1:])
END
python3 /tmp/filter.py sleep 1d &
setpriv --bounding-set=-all,+chown,+kill,+setuid,+setgid sleep 1d &
until [ "$(pgrep -cxf "sleep 1d")" = 2 ]; do :; done
