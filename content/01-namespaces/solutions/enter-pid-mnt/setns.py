#!/usr/bin/python3
"""setns(2) twice. The pid namespace holds for children only, so a child is what counts."""

import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
pid = subprocess.check_output(["pgrep", "-x", "httpd"], text=True).strip()
for namespace in [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in ("pid", "mnt")]:
    if libc.setns(namespace, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")
if os.fork() == 0:
    os.execv("/bin/sleep", ["sleep", "1d"])
