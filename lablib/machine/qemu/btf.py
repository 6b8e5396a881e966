"""What a kernel's functions are numbered, which who attaches a BPF program to one has to say. The numbers are in the
kernel itself, in its BPF Type Format. Source: Documentation/bpf/btf.rst."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("<HBB5I")
"""struct btf_header: magic, version, flags, its length, where the types are and how long, and the strings."""
_BEGIN = struct.pack("<HBBI", 0xEB9F, 1, 0, _HEADER.size)
_TYPE = struct.Struct("<3I")
"""struct btf_type: where its name is, its kind and how many parts it has, its size or type."""
_FUNC = 12
_MORE = {
    1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0),
    19: (0, 12),
}  # fmt: skip
"""Of kinds, the bytes that follow the type, and those for each of its parts."""


def number_of(function: str, kernel: bytes) -> int | None:
    """The number of `function` in the types of `kernel`, which is not packed; None where it has none."""
    begin = kernel.find(_BEGIN)
    if begin < 0:
        return None
    _, _, _, length, types_offset, types_length, names_offset, names_length = _HEADER.unpack_from(kernel, begin)
    names = begin + length + names_offset
    found = kernel.find(b"\0" + function.encode() + b"\0", names, names + names_length)
    if found < 0:
        return None
    return _func_called(found + 1 - names, memoryview(kernel)[begin + length + types_offset :][:types_length])


def _func_called(name: int, types: memoryview) -> int | None:
    at, number = 0, 0
    while at < len(types):
        number += 1
        its_name, info, _ = _TYPE.unpack_from(types, at)
        kind = info >> 24 & 0x1F
        if kind == _FUNC and its_name == name:
            return number
        fixed, each = _MORE.get(kind, (0, 0))
        at += _TYPE.size + fixed + each * (info & 0xFFFF)
    return None
