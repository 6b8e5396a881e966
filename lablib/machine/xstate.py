"""A library for `LD_PRELOAD` (ld.so(8)) that lets a User-Mode Linux kernel of before 6.13 run on processors whose
extended state, the registers of AVX and AMX, is longer than the 2696 bytes such a kernel keeps of each process.

ptrace(2) takes `NT_X86_XSTATE` only whole: handed less, PTRACE_SETREGSET fails, and the guest's kernel panics before
its first process. On a processor with AMX the whole is 11008 bytes. The library's `ptrace` hands over what is missing
as it is at the start of a program; nothing in a guest can change it, since none is permitted to use AMX (arch_prctl(2),
ARCH_REQ_XCOMP_PERM). A kernel that is linked statically has no use for it, and does not see it.

Its program is `xstate.s`, kept here as assembled since the machines that labs run on have no assembler. Source: ELF-64
Object File Format; System V ABI, x86-64 supplement; xstateregs_set() in arch/x86/kernel/fpu/regset.c.
"""

from __future__ import annotations

import struct
from pathlib import Path

NAME = "xstate.so"
TEXT = bytes.fromhex(
    """
    89 f8 83 e0 fe 3d 04 42 00 00 0f 85 ca 00 00 00 48 81 fa 02 02 00 00 0f
    85 bd 00 00 00 53 55 48 83 ec 18 48 89 cb 89 fd 48 8d 05 b1 11 00 00 48
    89 04 24 48 c7 44 24 08 00 00 01 00 f7 c7 01 00 00 00 74 2b 4c 8b 0d 8d
    11 00 00 48 8b 4b 08 49 39 c9 76 59 4c 89 4c 24 08 57 56 48 8b 33 48 89
    c7 49 29 c9 f3 a4 4c 89 c9 31 c0 f3 aa 5e 5f 49 89 e2 b8 65 00 00 00 0f
    05 48 85 c0 78 42 f7 c5 01 00 00 00 75 36 48 8b 4c 24 08 48 89 0d 46 11
    00 00 48 3b 4b 08 48 0f 47 4b 08 48 89 4b 08 48 8b 3b 48 8d 35 37 11 00
    00 f3 a4 eb 0f 49 89 da b8 65 00 00 00 0f 05 48 85 c0 78 04 31 c0 eb 13
    f7 d8 89 c5 ff 15 06 11 00 00 89 28 48 c7 c0 ff ff ff ff 48 83 c4 18 5d
    5b c3 53 55 48 83 ec 18 49 89 ca 8d 5f ff 83 fb 02 77 03 49 89 e2 b8 65
    00 00 00 0f 05 48 85 c0 78 c6 83 fb 02 77 d4 ff 15 cb 10 00 00 c7 00 00
    00 00 00 48 8b 04 24 eb c2
    """
)
"""What `as xstate.s` makes."""

# Where everything lies in the file. What is written to lies a page further on in memory.
_SYMBOLS = 0x120
_STRINGS = 0x168
_HASH = 0x188
_RELOCATIONS = 0x1A0
_TEXT = 0x1C0
_DATA = 0x300
_PAGE = 0x1000
_ERRNO_LOCATION = _PAGE + _DATA + 0x90
"""Behind the dynamic section; what follows it are `whole` and `buffer`."""
_END = _DATA + 0xA0
_BUFFER = 0x10000

_NAMES = b"\0ptrace\0__errno_location\0"
_DYN, _X86_64 = 3, 62
_PT_LOAD, _PT_DYNAMIC, _PT_GNU_STACK = 1, 2, 0x6474E551
_X, _W, _R = 1, 2, 4
_GLOBAL_FUNCTION = 0x12
_R_X86_64_GLOB_DAT = 6
_DYNAMIC = (
    (4, _HASH), (5, _STRINGS), (6, _SYMBOLS), (10, len(_NAMES)), (11, 24),
    (7, _RELOCATIONS), (8, 24), (9, 24), (0, 0),
)  # fmt: skip
"""DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_RELA, DT_RELASZ, DT_RELAENT, DT_NULL."""


def put_library(folder: Path) -> None:
    """Writes the library to `folder`, for a guest of any uid. Raises OSError."""
    file = folder / NAME
    file.write_bytes(library())
    file.chmod(0o444)


def library() -> bytes:
    """The library, an ELF shared object for x86-64."""
    content = bytearray(_END)
    for offset, part in (
        (0, _header()),
        (_SYMBOLS, bytes(24) + _symbol(_NAMES.index(b"ptrace"), 1, _TEXT, len(TEXT)) + _symbol(8, 0, 0, 0)),
        (_STRINGS, _NAMES),
        (_HASH, struct.pack("<6I", 1, 3, 1, 0, 2, 0)),  # one bucket: symbol 1, then 2
        (_RELOCATIONS, struct.pack("<3Q", _ERRNO_LOCATION, 2 << 32 | _R_X86_64_GLOB_DAT, 0)),
        (_TEXT, TEXT),
        (_DATA, b"".join(struct.pack("<2Q", *entry) for entry in _DYNAMIC)),
    ):
        content[offset : offset + len(part)] = part
    return bytes(content)


def _header() -> bytes:
    data = _PAGE + _DATA
    segments = (
        (_PT_LOAD, _R | _X, 0, 0, _DATA, _DATA, _PAGE),
        (_PT_LOAD, _R | _W, _DATA, data, _END - _DATA, _END - _DATA + _BUFFER, _PAGE),
        (_PT_DYNAMIC, _R | _W, _DATA, data, 16 * len(_DYNAMIC), 16 * len(_DYNAMIC), 8),
        (_PT_GNU_STACK, _R | _W, 0, 0, 0, 0, 16),
    )
    identity = b"\x7fELF" + bytes([2, 1, 1])  # 64 bits, little endian
    header = struct.pack("<16s2HI3QI6H", identity, _DYN, _X86_64, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    return header + b"".join(
        struct.pack("<2I6Q", kind, flags, offset, address, address, size, in_memory, aligned)
        for kind, flags, offset, address, size, in_memory, aligned in segments
    )


def _symbol(name: int, section: int, value: int, size: int) -> bytes:
    """One of the dynamic symbol table; in `section` 0 it is to be found elsewhere."""
    return struct.pack("<I2BH2Q", name, _GLOBAL_FUNCTION, 0, section, value, size)
