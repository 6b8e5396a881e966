"""Seccomp filters as data: which calls are answered how, compiled to classic BPF. Source: seccomp(2), bpf(4),
Documentation/userspace-api/seccomp_filter.rst."""

from __future__ import annotations

import ctypes
import os
import struct

from lablib.kernel import syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RET_KILL_PROCESS = 0x80000000
RET_ERRNO = 0x00050000
RET_USER_NOTIF = 0x7FC00000
RET_ALLOW = 0x7FFF0000

SET_MODE_FILTER = 1
FILTER_FLAG_TSYNC = 1 << 0
FILTER_FLAG_NEW_LISTENER = 1 << 3
PR_SET_SECCOMP = 22
MODE_FILTER = 2
"""The older way to load a filter, prctl(2)."""

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_SYSCALL_BIT = 0x40000000

_LD_W_ABS = 0x20
_JEQ = 0x15
_JGE = 0x35
_JSET = 0x45
_RET = 0x06

_NR = 0
_ARCH = 4


def errno_return(number: int) -> int:
    """The action that fails the call with errno `number`; 0 pretends that it succeeded."""
    return RET_ERRNO | number


class Rule:
    """How one system call is answered. With `argument`, only when the low 32 bits of that argument (0 to 5) share a
    bit with `mask`, or, with `equals`, are exactly `mask`."""

    def __init__(
        self, number: int, action: int, argument: int | None = None, mask: int = 0, *, equals: bool = False
    ) -> None:
        self.number = number
        self.action = action
        self.argument = argument
        self.mask = mask
        self.equals = equals


def compile_deny_list(rules: Sequence[Rule], machine: str | None = None) -> bytes:
    """`struct sock_filter[]` that answers the calls of `rules`, allows the rest, and kills a process that calls
    through another ABI than `machine`'s own: there the same number is another call. Raises KeyError for an
    architecture we do not know."""
    arch = AUDIT_ARCH[machine or os.uname().machine]
    program = _only_own_abi(arch)
    for rule in rules:
        program += _compile(rule)
    program.append(_statement(_RET, RET_ALLOW))
    return b"".join(program)


def compile_answers(answers: Mapping[int, int], otherwise: int, machine: str | None = None) -> bytes:
    """`struct sock_filter[]` that answers each call of `answers` with its action and every other number with
    `otherwise`: an allow-list, where the actions are RET_ALLOW. What comes through another ABI than `machine`'s own is
    killed: on x86-64 an allowed number is another call of i386, and x32 has calls besides those that are named. Raises
    KeyError for an architecture we do not know."""
    program = _only_own_abi(AUDIT_ARCH[machine or os.uname().machine])
    for number, action in sorted(answers.items()):
        program += _compile(Rule(number, action))
    program.append(_statement(_RET, otherwise))
    return b"".join(program)


def set_mode_filter(program: bytes, flags: int = 0) -> int:
    """Loads a filter for this process and all it executes; with FILTER_FLAG_NEW_LISTENER it returns the descriptor that
    hears of what the filter answers with RET_USER_NOTIF. Needs no_new_privs or CAP_SYS_ADMIN. Raises OSError."""
    fprog = Fprog(program)
    return syscalls.syscall("seccomp", syscalls.number_of("seccomp"), SET_MODE_FILTER, flags, fprog.pointer)


class Load:
    """A filter, and the system call that loads it: its number and what comes before the program."""

    def __init__(self, program: bytes, arguments: Sequence[int] = ()) -> None:
        self.program = program
        self.arguments = tuple(arguments) or (syscalls.number_of("seccomp"), SET_MODE_FILTER, 0)


class Fprog:
    """A program as seccomp(2) takes it, `struct sock_fprog`: unsigned short len; pointer to the instructions."""

    def __init__(self, program: bytes) -> None:
        self._code = ctypes.create_string_buffer(program, len(program))
        packed = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(self._code))
        self.pointer = ctypes.create_string_buffer(packed, 16)


def _only_own_abi(arch: int) -> list[bytes]:
    """Kills what does not come through the ABI `arch`, and leaves the call's number to be looked at."""
    program = [
        _statement(_LD_W_ABS, _ARCH),
        _jump(_JEQ, arch, 1, 0),
        _statement(_RET, RET_KILL_PROCESS),
        _statement(_LD_W_ABS, _NR),
    ]
    if arch == AUDIT_ARCH["x86_64"]:
        program += [_jump(_JGE, X32_SYSCALL_BIT, 0, 1), _statement(_RET, RET_KILL_PROCESS)]
    return program


def _compile(rule: Rule) -> list[bytes]:
    if rule.argument is None:
        return [_jump(_JEQ, rule.number, 0, 1), _statement(_RET, rule.action)]
    argument_low = 16 + 8 * rule.argument  # little endian: the low word comes first
    return [
        _jump(_JEQ, rule.number, 0, 4),
        _statement(_LD_W_ABS, argument_low),
        _jump(_JEQ if rule.equals else _JSET, rule.mask, 0, 1),
        _statement(_RET, rule.action),
        _statement(_LD_W_ABS, _NR),
    ]


def _statement(code: int, k: int) -> bytes:
    return struct.pack("HBBI", code, 0, 0, k)


def _jump(code: int, k: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, k)
