#!/usr/bin/python3
# fails: mkdir-is-refused-to-x32 seccomp.x32-hole
import struct
from pathlib import Path

program = [
    (0x20, 0, 0, 0),
    (0x15, 2, 0, 83),
    (0x15, 1, 0, 258),
    (0x06, 0, 0, 0x7FFF0000),
    (0x06, 0, 0, 0x00050001),
]
with Path("closed.bpf").open("wb") as file:
    for instruction in program:
        file.write(struct.pack("HBBI", *instruction))
