#!/usr/bin/python3
"""mount(2) itself, in a mount namespace that only a process of its own is in."""

import ctypes
import os
import time
from pathlib import Path

first = Path("/lab/first")
for layer, numbers in (("lower", (1, 2, 3)), ("upper", (3, 4))):
    (first / layer / "dir").mkdir(parents=True)
    for number in numbers:
        (first / layer / "dir" / f"file{number}").write_text(f"{layer}\n")
(first / "work").mkdir()
(first / "merged").mkdir()
ready, tell = os.pipe()
if os.fork() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(0x00020000)  # CLONE_NEWNS
    os.chdir("/mnt")
    options = b"lowerdir=../lab/first/lower,upperdir=../lab/first/upper,workdir=../lab/first/work"
    libc.mount(b"overlay", b"/lab/first/merged", b"overlay", 0, options)
    os.write(tell, b"mounted")
    time.sleep(86400)
os.read(ready, 7)
