#!/bin/sh
# /tmp/guard is there, as the step `guard` writes it. One that is there already is kept.
if [ ! -x /tmp/guard ]; then
cat > /tmp/guard <<'END'
#!/usr/bin/env python3
"""guard ACTION CALL,CALL... COMMAND...: run a command that may not make these calls"""
import errno, os, sys
from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, SyscallFilter

action, calls, command = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
refused = KILL_PROCESS if action == "kill" else ERRNO(getattr(errno, action))
f = SyscallFilter(ALLOW)
for call in calls:
    f.add_rule(refused, call)
f.load()
os.execvp(command[0], command)
END
chmod +x /tmp/guard
fi
