#!/usr/bin/python3
"""unshare(2), fork(2), mount(2)."""

import ctypes
import os

NEWNS, NEWPID = 0x00020000, 0x20000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)


def must(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


must(libc.unshare(NEWNS | NEWPID))
if os.fork() == 0:
    must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    must(libc.mount(b"proc", b"/proc", b"proc", 0, None))
    os.execv("/bin/sleep", ["sleep", os.environ.get("nap", "1d")])
