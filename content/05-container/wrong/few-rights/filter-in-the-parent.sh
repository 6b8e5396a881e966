#!/bin/sh
# fails: calls-are-filtered container.no-filter
# The filter comes after fork(2): the parent has it, the child that was there before does not.
cat > /tmp/parent.py <<'END'
import subprocess, sys, time
import pyseccomp

subprocess.Popen(sys.argv[1:])
calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
calls.add_rule(pyseccomp.ERRNO(1), "reboot")
calls.load()
time.sleep(86400)
END
setpriv --no-new-privs --bounding-set=-all,+chown,+kill,+setuid,+setgid python3 /tmp/parent.py sleep 1d &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
