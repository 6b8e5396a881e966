#!/bin/sh
# /tmp/key and /tmp/guard are there, as the steps write them, and root's keyring holds the note. Those there are kept.
if [ ! -x /tmp/key ]; then
cat > /tmp/key <<'END'
#!/usr/bin/env python3
"""key put TEXT, key get, key clear: a note in the user's keyring"""
import ctypes, os, sys
ADD_KEY, KEYCTL = 248, 250
CLEAR, SEARCH, READ, MINE = 7, 10, 11, -4
libc = ctypes.CDLL(None, use_errno=True)

def call(*arguments):
    result = libc.syscall(*arguments)
    if result < 0:
        sys.exit("key: " + os.strerror(ctypes.get_errno()))
    return result

if sys.argv[1] == "put":
    text = sys.argv[2].encode()
    call(ADD_KEY, b"user", b"note", text, len(text), MINE)
elif sys.argv[1] == "get":
    key, text = call(KEYCTL, SEARCH, MINE, b"user", b"note", 0), ctypes.create_string_buffer(99)
    call(KEYCTL, READ, key, text, 99)
    print(text.value.decode())
else:
    call(KEYCTL, CLEAR, MINE)
END
chmod +x /tmp/key
fi
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
/tmp/key get >/dev/null 2>&1 || /tmp/key put "the door code is 4711"
