#!/usr/bin/python3
# fails: root-inside namespaces.made-by-root
"""Root makes the namespace, writes the map that was asked for, and becomes the one who is 0 in it."""

import ctypes
import os
import sys
from pathlib import Path

made, mapped = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    if ctypes.CDLL(None).unshare(0x10000000) != 0:
        sys.exit("unshare")
    os.write(made[1], b".")
    os.read(mapped[0], 1)
    os.setuid(0)
    os.execv("/bin/sleep", ["sleep", "1d"])
os.read(made[0], 1)
Path(f"/proc/{pid}/uid_map").write_text("0 1000 1\n")
os.write(mapped[1], b".")
