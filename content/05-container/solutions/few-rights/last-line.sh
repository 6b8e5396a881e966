#!/bin/sh
# The script ends while Python is still being started.
cat > /tmp/filter.py <<'END'
import os
import pyseccomp

calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
calls.add_rule(pyseccomp.ERRNO(1), "reboot")
calls.load()
os.execvp("sleep", ["sleep", "1d"])
END
setpriv --no-new-privs --bounding-set=-all,+chown,+kill python3 /tmp/filter.py &
