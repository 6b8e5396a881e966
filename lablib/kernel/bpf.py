"""The classic BPF machine that runs seccomp filters, to ask a filter for its answers without loading it.

A filter sees `struct seccomp_data`, 64 bytes, and jumps forward only, so each run is bounded by the program's length.
Sources: seccomp(2), bpf(4), the kernel's seccomp_check_filter() and bpf_check_classic().
"""

from __future__ import annotations

import struct
from typing import NamedTuple

MAX_INSTRUCTIONS = 4096
"""BPF_MAXINSNS of linux/bpf_common.h."""
INSTRUCTION = struct.Struct("<HBBI")
"""struct sock_filter: code, where to go if true, if false, a constant."""
DATA = struct.Struct("<II7Q")
"""struct seccomp_data: number, architecture, instruction pointer, six arguments."""

_WORD = 0xFFFFFFFF
_CELLS = 16
DIV, _LSH, _RSH = 0x30, 0x60, 0x70
ALU, JMP, RET = 0x04, 0x05, 0x06
"""Families of codes, which are their low three bits."""
BY_X = 0x08
"""BPF_X: the operand is the index register, not the instruction's constant."""
_ALU_OPERATIONS = frozenset({0x00, 0x10, 0x20, DIV, 0x40, 0x50, _LSH, _RSH, 0xA0})
_COMPARISONS = frozenset({0x10, 0x20, 0x30, 0x40})


class Op:
    """The codes that are not of the families `ALU` and `JMP`, where any operation goes with either operand."""

    LD_ABS, LD_LEN, LD_IMM, LD_MEM = 0x20, 0x80, 0x00, 0x60
    LDX_LEN, LDX_IMM, LDX_MEM = 0x81, 0x01, 0x61
    ST, STX = 0x02, 0x03
    RET_K, RET_A = 0x06, 0x16
    TAX, TXA = 0x07, 0x87
    NEG, JA = 0x84, 0x05


_PLAIN = frozenset(code for name, code in vars(Op).items() if name.isupper())


class Instruction(NamedTuple):
    """One `struct sock_filter`."""

    code: int
    if_true: int
    if_false: int
    k: int


class Call(NamedTuple):
    """A system call as a filter sees it."""

    number: int
    arch: int
    arguments: tuple[int, ...] = ()


Program = tuple[Instruction, ...]


def decode(data: bytes) -> Program:
    """The program in `data`, as seccomp_export_bpf(3) writes it. Raises ValueError for what the kernel would refuse to
    load as a filter."""
    if not data or len(data) % INSTRUCTION.size:
        raise ValueError(f"{len(data)} bytes, not a multiple of {INSTRUCTION.size}")
    if len(data) > MAX_INSTRUCTIONS * INSTRUCTION.size:
        raise ValueError(f"more than {MAX_INSTRUCTIONS} instructions")
    program = tuple(Instruction(*fields) for fields in INSTRUCTION.iter_unpack(data))
    for place, instruction in enumerate(program):
        if not _is_valid(instruction, len(program) - place - 1):
            code, if_true, if_false, k = instruction
            raise ValueError(f"instruction {place}: {code:#x} {if_true} {if_false} {k:#x}")
    if program[-1].code not in (Op.RET_K, Op.RET_A):
        raise ValueError("the last instruction does not return")
    return program


def run(program: Program, call: Call) -> int:
    """What a decoded `program` returns for `call`: an action and its data. Raises ValueError where it loads a cell that
    was never stored to, with which the kernel would not have taken it."""
    words = _words(call)
    place = a = x = 0
    memory: dict[int, int] = {}
    while True:
        code, if_true, if_false, k = program[place]
        place += 1
        operand = x if code & BY_X else k
        match code:
            case Op.LD_ABS:
                a = words[k // 4]
            case Op.LD_LEN | Op.LDX_LEN:
                a, x = (DATA.size, x) if code == Op.LD_LEN else (a, DATA.size)
            case Op.LD_IMM | Op.LDX_IMM:
                a, x = (k, x) if code == Op.LD_IMM else (a, k)
            case Op.LD_MEM | Op.LDX_MEM:
                if k not in memory:
                    raise ValueError(f"cell {k} is loaded and was never stored to")
                a, x = (memory[k], x) if code == Op.LD_MEM else (a, memory[k])
            case Op.ST | Op.STX:
                memory[k] = a if code == Op.ST else x
            case Op.RET_K:
                return k
            case Op.RET_A:
                return a
            case Op.TAX:
                x = a
            case Op.TXA:
                a = x
            case Op.NEG:
                a = -a & _WORD
            case Op.JA:
                place += k
            case _ if code & 7 == JMP:
                place += if_true if holds(code & 0xF0, a, operand) else if_false
            case _:
                if code & 0xF0 == DIV and not operand:
                    return 0  # dividing by a zero in X ends a filter with 0, which is SECCOMP_RET_KILL_THREAD
                a = calculated(code & 0xF0, a, operand)


def _words(call: Call) -> tuple[int, ...]:
    arguments = [argument & 0xFFFFFFFFFFFFFFFF for argument in (*call.arguments, 0, 0, 0, 0, 0, 0)[:6]]
    return struct.unpack("<16I", DATA.pack(call.number & _WORD, call.arch, 0, *arguments))


def _is_valid(instruction: Instruction, following: int) -> bool:
    """Whether the kernel takes an instruction that `following` others come after."""
    code, if_true, if_false, k = instruction
    if code in _PLAIN:
        match code:
            case Op.LD_ABS:
                return k < DATA.size and k % 4 == 0
            case Op.LD_MEM | Op.LDX_MEM | Op.ST | Op.STX:
                return k < _CELLS
            case Op.JA:
                return k < following
        return True
    operation, by_constant = code & 0xF0, not code & BY_X
    if code & 7 == ALU and code <= 0xFF and operation in _ALU_OPERATIONS:
        return not by_constant or not ((operation == DIV and k == 0) or (operation in (_LSH, _RSH) and k >= 32))
    if code & 7 == JMP and code <= 0xFF and operation in _COMPARISONS:
        return if_true < following and if_false < following
    return False


def holds(comparison: int, a: int, operand: int) -> bool:
    """Whether a jump of `comparison`, the high four bits of its code, is taken as true."""
    match comparison:
        case 0x10:  # BPF_JEQ
            return a == operand
        case 0x20:  # BPF_JGT
            return a > operand
        case 0x30:  # BPF_JGE
            return a >= operand
    return bool(a & operand)  # BPF_JSET


def calculated(operation: int, a: int, operand: int) -> int:
    """What an instruction of the family ALU leaves in the accumulator; dividing by zero ends a filter instead."""
    match operation:
        case 0x00:  # BPF_ADD
            return (a + operand) & _WORD
        case 0x10:  # BPF_SUB
            return (a - operand) & _WORD
        case 0x20:  # BPF_MUL
            return (a * operand) & _WORD
        case 0x30:  # BPF_DIV
            return a // operand
        case 0x40:  # BPF_OR
            return a | operand
        case 0x50:  # BPF_AND
            return a & operand
        case 0x60:  # BPF_LSH; by X the processor counts modulo 32
            return a << (operand & 31) & _WORD
        case 0x70:  # BPF_RSH
            return a >> (operand & 31)
    return a ^ operand  # BPF_XOR
