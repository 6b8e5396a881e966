"""A program that is a list of system calls, made one after the other until one fails: what a kernel can begin with
where no interpreter is there yet. It needs no library, compiler or assembler; its few instructions are here as
assembled. Source: ELF-64 Object File Format; syscall(2), for the registers.

    header | instructions | the list: of each call its number, six arguments, and what to exit with if it fails | data
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

AT_FDCWD = -100


class Call(NamedTuple):
    """A system call by its name in section 2 of the manual. An argument is a number, bytes that are pointed to, or a
    vector of such, which ends with a null pointer as execve(2) wants it."""

    name: str
    arguments: tuple[int | bytes | Sequence[bytes], ...]


class Processor(NamedTuple):
    """What differs between two kinds of processor."""

    machine: int
    """`e_machine` of elf(5)."""
    instructions: bytes
    """Of a program at `_BASE` with its list at `_LIST`."""
    numbers: Mapping[str, int]


_BASE = 0x400000
"""Where the program is loaded, so that it has every pointer as it is made."""
_INSTRUCTIONS = 0x78
_LIST = 0x100
_ENTRY = struct.Struct("<8Q")
_WORD = (1 << 64) - 1
_ET_EXEC, _PT_LOAD, _RWX = 2, 1, 7

PROCESSORS = {
    #        mov $0x400100, %ebx
    #     1: mov (%rbx), %rax;      mov 8(%rbx), %rdi;    mov 16(%rbx), %rsi;   mov 24(%rbx), %rdx
    #        mov 32(%rbx), %r10;    mov 40(%rbx), %r8;    mov 48(%rbx), %r9
    #        syscall;               add $64, %rbx;        test %rax, %rax;      jns 1b
    #        mov -8(%rbx), %edi;    mov $231, %eax;       syscall
    "x86_64": Processor(
        62,
        bytes.fromhex(
            "bb00014000 488b03 488b7b08 488b7310 488b5318 4c8b5320 4c8b4328 4c8b4b30 0f05 4883c340 4885c0 79da"
            "8b7bf8 b8e7000000 0f05"
        ),
        {
            "mkdirat": 258, "symlinkat": 266, "unlinkat": 263, "init_module": 175, "mount": 165, "chdir": 80,
            "chroot": 161, "execve": 59, "reboot": 169,
        },
    ),
    #        movz x19, #0x40, lsl #16;   movk x19, #0x100
    #     1: ldp x8, x0, [x19];          ldp x1, x2, [x19, #16];  ldp x3, x4, [x19, #32];  ldr x5, [x19, #48]
    #        svc #0;                     add x19, x19, #64;       tbz x0, #63, 1b
    #        ldur w0, [x19, #-8];        mov x8, #94;             svc #0
    "aarch64": Processor(
        183,
        struct.pack(
            "<12I", 0xD2A00813, 0xF2802013, 0xA9400268, 0xA9410A61, 0xA9421263, 0xF9401A65, 0xD4000001, 0x91010273,
            0xB6FFFF40, 0xB85F8260, 0xD2800BC8, 0xD4000001,
        ),
        {
            "mkdirat": 34, "symlinkat": 36, "unlinkat": 35, "init_module": 105, "mount": 40, "chdir": 49, "chroot": 51,
            "execve": 221, "reboot": 142,
        },
    ),
}  # fmt: skip
"""By what uname(2) calls them."""


def program(calls: Sequence[Call], machine: str) -> bytes:
    """The program that makes `calls`, as an executable for the processor that uname(2) calls `machine`. When a call
    fails it ends with the place of that call in the list, the first being 1. Raises KeyError for a processor that is
    not known."""
    processor = PROCESSORS[machine]
    data = _Data(_BASE + _LIST + len(calls) * _ENTRY.size)
    entries = []
    for place, call in enumerate(calls, 1):
        arguments = [data.argument(one) for one in call.arguments]
        arguments += [0] * (6 - len(arguments))
        entries.append(_ENTRY.pack(processor.numbers[call.name], *arguments, min(place, 255)))
    code = processor.instructions.ljust(_LIST - _INSTRUCTIONS, b"\0")
    body = b"".join((code, *entries, bytes(data.content)))
    size = _INSTRUCTIONS + len(body)
    identity = b"\x7fELF" + bytes([2, 1, 1])  # 64 bits, little endian
    header = struct.pack(
        "<16s2HI3QI6H", identity, _ET_EXEC, processor.machine, 1, _BASE + _INSTRUCTIONS, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    segment = struct.pack("<2I6Q", _PT_LOAD, _RWX, 0, _BASE, _BASE, size, size, 1 << 16)
    return header + segment + body


class _Data:
    """What calls point to, at `address`."""

    def __init__(self, address: int) -> None:
        self._address = address
        self.content = bytearray()

    def argument(self, value: int | bytes | Sequence[bytes]) -> int:
        if isinstance(value, int):
            return value & _WORD
        if isinstance(value, bytes):
            return self._put(value + b"\0")
        pointers = [self._put(one + b"\0") for one in value]
        return self._put(struct.pack(f"<{len(pointers) + 1}Q", *pointers, 0))

    def _put(self, data: bytes) -> int:
        self.content += bytes(-len(self.content) % 8)
        address = self._address + len(self.content)
        self.content += data
        return address
