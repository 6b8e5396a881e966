#!/usr/bin/python3
# fails: new-user-namespaces-are-refused seccomp.only-that-value
import struct
from pathlib import Path

program = [
    (0x20, 0, 0, 0),
    (0x15, 7, 0, 435),
    (0x15, 1, 0, 272),
    (0x15, 0, 4, 56),
    (0x20, 0, 0, 20),  # the high word of the flags, which clone drops
    (0x15, 0, 2, 0),
    (0x20, 0, 0, 16),
    (0x45, 2, 0, 0x10000000),
    (0x06, 0, 0, 0x7FFF0000),
    (0x06, 0, 0, 0x00050026),
    (0x06, 0, 0, 0x00050001),
]
with Path("no-users.bpf").open("wb") as file:
    for instruction in program:
        file.write(struct.pack("HBBI", *instruction))
