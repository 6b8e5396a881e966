"""Every answer that a filter may give to a system call of which nothing is known but its number and architecture:
where it looks at an argument or at the instruction pointer, both ways are followed. Nothing that it may let through is
missed; where a program has more ways than are worth following, it is believed to let through what it may not.

All numbers go through the program together: a state is what the registers hold, and the numbers that come by with it.
Source: seccomp(2), the kernel's seccomp_run_filters().
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lablib.kernel import bpf
from lablib.kernel.seccomp import RET_ALLOW, RET_KILL_PROCESS

NUMBERS = 1024
"""Of each table of calls; no kernel has half as many, and who asks for one that is not there gets ENOSYS."""

_ACTION_BITS = 0xFFFF0000
_STATES = 20_000
"""States that are followed one by one; from there on nothing is known any more of what registers hold."""
_ANYTHING = (RET_ALLOW, RET_KILL_PROCESS)

_NUMBER = "nr"
"""A register that holds the call's number."""
_Value = int | str | None
"""None is what cannot be known."""


class _State(NamedTuple):
    a: _Value = 0
    x: _Value = 0
    memory: tuple[tuple[int, _Value], ...] = ()


_UNKNOWN = _State(None, None)


def answers(programs: Sequence[bpf.Program], arch: int, base: int = 0) -> list[frozenset[int]]:
    """For each number from `base` on, what the decoded `programs` may return together: of all filters of a process the
    strictest answer counts. The first program is the one that was loaded first."""
    found = [frozenset({RET_ALLOW})] * NUMBERS
    for program in programs:
        each = _Reach(program, arch, base).answers()
        found = [_strictest(old, new) for old, new in zip(found, each, strict=True)]
    return found


def _strictest(older: frozenset[int], newer: frozenset[int]) -> frozenset[int]:
    """Of two that are equally strict, the newer filter's counts: the kernel asks that first."""
    return frozenset(two if _strictness(two) <= _strictness(one) else one for one in older for two in newer)


def _strictness(returned: int) -> int:
    """The kernel compares actions as signed numbers."""
    action = returned & _ACTION_BITS
    return action - (1 << 32) if action & 0x80000000 else action


class _Reach:
    def __init__(self, program: bpf.Program, arch: int, base: int) -> None:
        self._program = program
        self._arch = arch
        self._base = base
        self._coming: list[dict[_State, int]] = [{} for _ in program]
        self._returned: dict[int, int] = {}
        self._followed = 0

    def answers(self) -> list[frozenset[int]]:
        self._coming[0][_State()] = (1 << NUMBERS) - 1
        for place, instruction in enumerate(self._program):
            states = self._coming[place]
            self._followed += len(states)
            if self._followed > _STATES and len(states) > 1:
                states = {_UNKNOWN: _all(states.values())}
            for state, numbers in states.items():
                self._step(place + 1, instruction, state, numbers)
            self._coming[place] = {}
        found: list[set[int]] = [set() for _ in range(NUMBERS)]
        for value, numbers in self._returned.items():
            for index in _bits(numbers):
                found[index].add(value)
        return [frozenset(each) for each in found]

    def _step(self, place: int, instruction: bpf.Instruction, state: _State, numbers: int) -> None:
        code, if_true, if_false, k = instruction
        kind, operand = code & 7, state.x if code & bpf.BY_X else k
        if kind == bpf.RET:
            self._return(state.a if code == bpf.Op.RET_A else k, numbers)
        elif code == bpf.Op.JA:
            self._go(place + k, state, numbers)
        elif kind == bpf.JMP:
            for taken, which in self._compared(code, state.a, operand, numbers):
                self._go(place + (if_true if taken else if_false), state, which)
        elif kind == bpf.ALU and code != bpf.Op.NEG:
            for value, which in self._calculated(code & 0xF0, state.a, operand, numbers):
                self._go(place, state._replace(a=value), which)
        else:
            for new, which in self._moved(code, k, state, numbers):
                self._go(place, new, which)

    def _go(self, place: int, state: _State, numbers: int) -> None:
        if numbers:
            self._coming[place][state] = self._coming[place].get(state, 0) | numbers

    def _return(self, value: _Value, numbers: int) -> None:
        for known, which in self._known(value, numbers):
            for returned in _ANYTHING if known is None else (known,):
                self._returned[returned] = self._returned.get(returned, 0) | which

    def _known(self, value: _Value, numbers: int) -> Iterator[tuple[int | None, int]]:
        """What `value` is for which of `numbers`."""
        if isinstance(value, str):
            yield from ((index + self._base, 1 << index) for index in _bits(numbers))
        else:
            yield value, numbers

    def _compared(self, code: int, a: _Value, operand: _Value, numbers: int) -> Iterator[tuple[bool, int]]:
        if code == _JEQ and isinstance(a, str) and isinstance(operand, int):
            index = operand - self._base  # what libseccomp makes is of these
            equal = numbers & (1 << index) if 0 <= index < NUMBERS else 0
            yield from ((True, equal), (False, numbers & ~equal))
            return
        for left, some in self._known(a, numbers):
            for right, which in self._known(operand, some):
                if left is None or right is None:
                    yield from ((True, which), (False, which))
                else:
                    yield bpf.holds(code & 0xF0, left, right), which

    def _calculated(self, operation: int, a: _Value, operand: _Value, numbers: int) -> Iterator[tuple[_Value, int]]:
        for left, some in self._known(a, numbers):
            for right, which in self._known(operand, some):
                if operation == bpf.DIV and not right:
                    self._return(0, which)  # dividing by zero ends a filter, with KILL_THREAD
                if left is None or right is None:
                    yield None, which
                elif right or operation != bpf.DIV:
                    yield bpf.calculated(operation, left, right), which

    def _moved(self, code: int, k: int, state: _State, numbers: int) -> Iterator[tuple[_State, int]]:
        memory = dict(state.memory)
        match code:
            case bpf.Op.LD_ABS:
                yield state._replace(a=_NUMBER if k == 0 else self._arch if k == 4 else None), numbers
            case bpf.Op.LD_LEN | bpf.Op.LD_IMM | bpf.Op.LD_MEM | bpf.Op.TXA:
                loaded = {bpf.Op.LD_LEN: bpf.DATA.size, bpf.Op.LD_IMM: k, bpf.Op.TXA: state.x}
                yield state._replace(a=loaded[code] if code in loaded else memory.get(k)), numbers
            case bpf.Op.LDX_LEN | bpf.Op.LDX_IMM | bpf.Op.LDX_MEM | bpf.Op.TAX:
                loaded = {bpf.Op.LDX_LEN: bpf.DATA.size, bpf.Op.LDX_IMM: k, bpf.Op.TAX: state.a}
                yield state._replace(x=loaded[code] if code in loaded else memory.get(k)), numbers
            case bpf.Op.ST | bpf.Op.STX:
                memory[k] = state.a if code == bpf.Op.ST else state.x
                yield state._replace(memory=tuple(sorted(memory.items()))), numbers
            case _:
                for value, which in self._known(state.a, numbers):
                    yield state._replace(a=None if value is None else -value & 0xFFFFFFFF), which


_JEQ = 0x15


def _all(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
