#!/usr/bin/python3
"""Without libseccomp: the program is assembled here, and prctl(2) loads it."""

import ctypes
import os
import struct
import time
from pathlib import Path

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
EPERM, KILL_PROCESS, ALLOW = 0x00050001, 0x80000000, 0x7FFF0000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2

program = [
    (LOAD, 0, 0, 0),  # the number of the call
    (EQUAL, 3, 0, 83),  # mkdir
    (EQUAL, 2, 0, 258),  # mkdirat
    (EQUAL, 2, 0, 170),  # sethostname
    (RETURN, 0, 0, ALLOW),
    (RETURN, 0, 0, EPERM),
    (RETURN, 0, 0, KILL_PROCESS),
]
code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
with Path("first.bpf").open("wb") as file:
    file.write(code)

child = os.fork()
if child == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(code, len(code))
    fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(buffer)))
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprog) == 0
    os.execvp("sleep", ["sleep", "1d"])
while Path(f"/proc/{child}/comm").read_text() != "sleep\n":
    time.sleep(0.01)
