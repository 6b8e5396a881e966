#!/usr/bin/python3
"""Assembled here: the architecture is looked at first, then the bit of x32, then the number."""

import struct
from pathlib import Path

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
EPERM, KILL_PROCESS, ALLOW = 0x00050001, 0x80000000, 0x7FFF0000

program = [
    (LOAD, 0, 0, 4),  # the architecture
    (EQUAL, 4, 0, 0xC000003E),  # x86-64
    (EQUAL, 0, 9, 0x40000003),  # i386
    (LOAD, 0, 0, 0),
    (EQUAL, 6, 0, 39),
    (EQUAL, 5, 4, 296),
    (LOAD, 0, 0, 0),
    (AT_LEAST, 4, 0, 0x40000000),  # x32
    (EQUAL, 2, 0, 83),
    (EQUAL, 1, 0, 258),
    (RETURN, 0, 0, ALLOW),
    (RETURN, 0, 0, EPERM),
    (RETURN, 0, 0, KILL_PROCESS),
]
with Path("closed.bpf").open("wb") as file:
    for instruction in program:
        file.write(struct.pack("HBBI", *instruction))
