#!/usr/bin/python3
"""The map is a file: whoever made the namespace writes one line into it, once."""

import ctypes
import os
from pathlib import Path

NEWUSER, PR_SET_DUMPABLE = 0x10000000, 4
libc = ctypes.CDLL(None, use_errno=True)

os.setgroups([])
os.setgid(1000)
os.setuid(1000)
libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # whoever changed uid does not own its files in /proc otherwise (proc(5))
if libc.unshare(NEWUSER) != 0:
    raise OSError(ctypes.get_errno(), "unshare")
for name, text in (("setgroups", "deny"), ("uid_map", "0 1000 1"), ("gid_map", "0 1000 1")):
    Path(f"/proc/self/{name}").write_text(text)
if os.fork() == 0:
    os.execv("/bin/sleep", ["sleep", "1d"])
