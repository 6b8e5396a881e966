#!/usr/bin/python3
"""What nsenter does, as system calls: open the namespace's file, setns(2), execve(2)."""

import ctypes
import os
import subprocess

pid = subprocess.check_output(["pgrep", "-x", "httpd"], text=True).strip()
uts = os.open(f"/proc/{pid}/ns/uts", os.O_RDONLY)
if ctypes.CDLL(None, use_errno=True).setns(uts, 0) != 0:
    raise OSError(ctypes.get_errno(), "setns")
print(os.uname().nodename)
subprocess.Popen(["sleep", "1d"])
