"""Watching and stopping another process's system calls, named as ptrace(2) names it. Each raises OSError. What is read
of a thread's registers is x86-64's: struct user_regs_struct of sys/user.h."""

from __future__ import annotations

import ctypes

from lablib.kernel.syscalls import oserror

O_TRACESYSGOOD = 1
O_TRACEFORK = 2
O_TRACEVFORK = 4
O_TRACECLONE = 8
O_TRACEEXEC = 16
O_EXITKILL = 1 << 20

EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC = 1, 2, 3, 4
EVENT_STOP = 128

_TRACEME, _PEEKDATA, _PEEKUSER, _CONT, _GETREGS, _SETREGS, _DETACH, _SYSCALL = 0, 2, 3, 7, 12, 13, 17, 24
_SETOPTIONS, _GETEVENTMSG, _SEIZE, _INTERRUPT = 0x4200, 0x4201, 0x4206, 0x4207
_NO_CALL = (1 << 64) - 1
_RAX, _RDX, _RSI, _RDI, _ORIG_RAX = 10, 12, 13, 14, 15
_WORD = 8

_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.restype = ctypes.c_long
_ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def traceme() -> None:
    """Our parent is our tracer from now on."""
    _asked(_TRACEME, 0)


class Registers(ctypes.Structure):
    """struct user_regs_struct."""

    _fields_ = [
        (name, ctypes.c_ulonglong)
        for name in (
            "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
            "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
        )
    ]  # fmt: skip
    rip: int

    def calling(self, number: int) -> Registers:
        """The same, about to make the call `number` with nothing but zeros, by the two bytes of an instruction that has
        just made one."""
        made = type(self).from_buffer_copy(self)
        zeros = dict.fromkeys(("rdi", "rsi", "rdx", "r10", "r8", "r9"), 0)
        for name, value in (zeros | {"rax": number, "orig_rax": _NO_CALL, "rip": self.rip - 2}).items():
            setattr(made, name, value)
        return made


def seize(tid: int, options: int) -> None:
    """We are the tracer of `tid` from now on; it goes on running."""
    _asked(_SEIZE, tid, 0, options)


def interrupt(tid: int) -> None:
    """Stops it, with EVENT_STOP."""
    _asked(_INTERRUPT, tid)


def detach(tid: int) -> None:
    _asked(_DETACH, tid)


def getregs(tid: int) -> Registers:
    registers = Registers()
    _asked(_GETREGS, tid, 0, ctypes.addressof(registers))
    return registers


def setregs(tid: int, registers: Registers) -> None:
    _asked(_SETREGS, tid, 0, ctypes.addressof(registers))


def peek(tid: int, address: int) -> int:
    """The eight bytes there."""
    return _read(_PEEKDATA, tid, address)


def setoptions(tid: int, options: int) -> None:
    """`tid` is stopped, here and below."""
    _asked(_SETOPTIONS, tid, 0, options)


def cont(tid: int, signal: int = 0) -> None:
    _asked(_CONT, tid, 0, signal)


def until_syscall(tid: int, signal: int = 0) -> None:
    """PTRACE_SYSCALL: lets it run to the next begin or end of a system call."""
    _asked(_SYSCALL, tid, 0, signal)


def event_message(tid: int) -> int:
    """Of an event of fork, vfork or clone the new thread; of exec the thread that called it."""
    message = ctypes.c_ulong()
    _asked(_GETEVENTMSG, tid, 0, ctypes.addressof(message))
    return message.value


def call_number(tid: int) -> int:
    """The system call that it begins, or has ended."""
    return _register(tid, _ORIG_RAX)


def call_arguments(tid: int) -> tuple[int, int, int]:
    """The first three, of one that begins."""
    return _register(tid, _RDI), _register(tid, _RSI), _register(tid, _RDX)


def call_result(tid: int) -> int:
    """Of one that has ended; less than 0, minus the errno."""
    value = _register(tid, _RAX)
    return value - (1 << 64) if value >> 63 else value


def _register(tid: int, index: int) -> int:
    return _read(_PEEKUSER, tid, index * _WORD)


def _read(request: int, tid: int, address: int) -> int:
    ctypes.set_errno(0)
    value: int = _ptrace(request, tid, address, None)
    if value == -1 and ctypes.get_errno():
        raise oserror("ptrace")
    return value & 0xFFFFFFFFFFFFFFFF


def _asked(request: int, tid: int, address: int = 0, data: int = 0) -> None:
    if _ptrace(request, tid, address, data) < 0:
        raise oserror("ptrace")
