"""How the filters that a process has loaded answer a call. No file of the kernel's tells, and PTRACE_SECCOMP_GET_FILTER
only on some kernels; so the process is stopped under ptrace(2) and made to call, with null pointers and zeros for
arguments, of which nothing comes. Then it goes on where it was. It must be one that sleeps in a call, and the calls
none that its filters could kill it for: that would be its end. The registers are x86-64's.

Source: ptrace(2), PTRACE_SEIZE and below "Group-stop".
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from lablib.kernel import ptrace

SECONDS = 5.0
_TICK = 0.002
_WALL = 0x40000000
_AT_CALL = signal.SIGTRAP | 0x80
_SYSCALL = 0x050F
"""The instruction, as two bytes of a word."""


def ask(pid: int, calls: Sequence[int]) -> list[int]:
    """What each of `calls` returns to `pid`: less than 0, minus the errno. Raises OSError where it has ended or cannot
    be asked, TimeoutError where it took too long, as under a filter that asks somebody else."""
    until = time.monotonic() + SECONDS
    ptrace.seize(pid, ptrace.O_TRACESYSGOOD)
    ptrace.interrupt(pid)
    _until_event(pid, until)
    before = ptrace.getregs(pid)
    if ptrace.peek(pid, before.rip - 2) & 0xFFFF != _SYSCALL:
        ptrace.detach(pid)
        raise BlockingIOError("it does not sleep in a call")
    results = []
    for number in calls:
        ptrace.setregs(pid, before.calling(number))
        for _ in ("begin", "end"):
            ptrace.until_syscall(pid)
            _until_call(pid, until)
        results.append(ptrace.call_result(pid))
    # Once more to where signals are handled: only from there the kernel restarts the call that was interrupted.
    ptrace.interrupt(pid)
    ptrace.cont(pid)
    _until_event(pid, until)
    ptrace.setregs(pid, before)
    ptrace.detach(pid)
    return results


def _until_event(pid: int, until: float) -> None:
    """Until it has stopped since we asked it to; signals that come meanwhile are its own."""
    while True:
        status = _stopped(pid, until)
        if status >> 16 == ptrace.EVENT_STOP:
            return
        ptrace.cont(pid, _own_signal(status))


def _until_call(pid: int, until: float) -> None:
    while True:
        status = _stopped(pid, until)
        if os.WSTOPSIG(status) == _AT_CALL:
            return
        ptrace.until_syscall(pid, _own_signal(status))


def _own_signal(status: int) -> int:
    number = os.WSTOPSIG(status)
    return 0 if status >> 16 or number == _AT_CALL else number


def _stopped(pid: int, until: float) -> int:
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG | _WALL)
        if ended and not os.WIFSTOPPED(status):
            raise ProcessLookupError(f"{pid} has ended")
        if ended:
            return status
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(_TICK)
