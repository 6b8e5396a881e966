"""One launch of the program under a filter, to its end: what it printed, how it ended, which calls it asked for.

Whatever it does, it is over in time and nothing of it is left: it has a process group of its own, which is killed with
it, and what leaves that group becomes a child of ours (PR_SET_CHILD_SUBREAPER).
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

from lablib.errors import LabsError
from lablib.kernel import notify, seccomp, syscalls
from lablib.minimize import child

OUTPUT_LIMIT = 1 << 20
CROWD = 256
"""Threads and processes that make notified calls; more is a program that forks for ever."""
EXECVE = syscalls.number_of("execve")
_SECCOMP = syscalls.number_of("seccomp")
_END_SECONDS = 5.0

Decide = Callable[[int, int, bool], "int | None"]
"""Answers a notified call, given the thread, the call's number, and whether it is the program's first thread: an errno,
or None to let the kernel do it."""


class End(Enum):
    """What ended the program."""

    ITSELF = "itself"
    TIME = "time"
    OUTPUT = "output"
    CROWD = "crowd"


class Filter(NamedTuple):
    answers: Mapping[int, int]
    otherwise: int


class Ran(NamedTuple):
    end: End
    status: int
    """As subprocess has it: an exit status, or less than 0, the signal."""
    output: bytes
    seconds: float
    failure: int
    """The errno with which execve(2) failed, where that could be told; otherwise 0."""


class Launcher:
    """Launches one program with its arguments, again and again. This process may have children from before, and starts
    no others meanwhile: they would be taken for the program's."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self._image = child.Image(argv, environment)
        self._null = os.open(os.devnull, os.O_RDWR)
        while self._null <= 2:  # we were started without them, and would take their numbers for pipes
            self._null = os.open(os.devnull, os.O_RDWR)
        self._others = set(_children())
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)

    def close(self) -> None:
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 0)
        os.close(self._null)

    def launch(self, filter: Filter | None, seconds: float, decide: Decide | None = None) -> Ran:
        """Runs the program for at most `seconds`. A filter always allows execve. With `decide`, its RET_USER_NOTIF is
        answered by that. Raises OSError where the kernel refuses a filter or its listener, LabsError where something of
        the program stays."""
        loads = []
        if filter:
            # With a listener, execve is notified, to wait until we have the listener: it would close it.
            execve = seccomp.RET_USER_NOTIF if decide else seccomp.RET_ALLOW
            program = seccomp.compile_answers({**filter.answers, EXECVE: execve}, filter.otherwise)
            flags = seccomp.FILTER_FLAG_NEW_LISTENER if decide else 0
            loads = [seccomp.Load(program, (_SECCOMP, seccomp.SET_MODE_FILTER, flags))]
        return self._launch(loads, seconds, decide)

    def replay(self, loads: Sequence[seccomp.Load], seconds: float) -> Ran:
        """Runs the program for at most `seconds` under filters that somebody made, loaded as they loaded them."""
        return self._launch(loads, seconds, None)

    def _launch(self, loads: Sequence[seccomp.Load], seconds: float, decide: Decide | None) -> Ran:
        began = time.monotonic()
        with _pipe() as (output, output_end), _pipe() as (told, told_end):
            pid = os.fork()
            if pid == 0:
                child.become(self._image, loads, output_end.number, self._null, told_end.number)
            output_end.close()
            told_end.close()
            running = _Running(pid, output.number, told.number, began + seconds)
            try:
                running.open(listens=decide is not None)
                end = running.follow(decide)
            finally:
                status = self._end(pid)
                running.close()
            running.drain()
            return Ran(end, status, bytes(running.output), time.monotonic() - began, running.failure())

    def _end(self, pid: int) -> int:
        for kill in (os.killpg, os.kill):
            try:
                kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has not made its group yet
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._end_others()
        return status

    def _end_others(self) -> None:
        """Kills what left the program's group, generation by generation."""
        until = time.monotonic() + _END_SECONDS
        while _has_children() and (left := [pid for pid in _children() if pid not in self._others]):
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            for pid in left:
                os.waitpid(pid, 0)
            if time.monotonic() > until:
                raise LabsError("minimize-left", seconds=int(_END_SECONDS))


class _Running:
    """The program while it runs, from outside."""

    def __init__(self, pid: int, output: int, told: int, until: float) -> None:
        self.output = bytearray()
        self._pid = pid
        self._pidfd = -1
        self._output = output
        self._told = told
        self._until = until
        self._listener = -1
        os.set_blocking(output, False)

    def open(self, *, listens: bool) -> None:
        """Takes the filter's listener out of the child. Nobody can tell us that it is there: from then on each call of
        the child's waits for us. Raises OSError."""
        self._pidfd = os.pidfd_open(self._pid)
        if not listens:
            return
        said = os.read(self._told, 64)
        while said == child.LOADING:
            try:
                self._listener = notify.pidfd_getfd(self._pidfd, child.LISTENER)
                return
            except OSError as error:
                if error.errno != errno.EBADF:  # not yet
                    raise
            os.sched_yield()
            if _is_readable(self._told):
                said = os.read(self._told, 64)
        raise OSError(_errno(said), f"seccomp: {os.strerror(_errno(said))}")

    def follow(self, decide: Decide | None) -> End:
        poll = select.poll()
        for descriptor in (self._pidfd, self._output, self._listener):
            if descriptor >= 0:
                poll.register(descriptor, select.POLLIN)
        seen: set[int] = set()
        while (left := self._until - time.monotonic()) > 0:
            for descriptor, events in poll.poll(1000 * left + 1):
                if descriptor == self._pidfd:
                    return End.ITSELF
                if descriptor == self._output:
                    if not self._read():
                        poll.unregister(descriptor)
                    if len(self.output) > OUTPUT_LIMIT:
                        return End.OUTPUT
                elif events & select.POLLIN and decide:
                    self._answer(decide, seen)
                    if len(seen) > CROWD:
                        return End.CROWD
                else:
                    poll.unregister(descriptor)
        return End.TIME

    def drain(self) -> None:
        while len(self.output) <= OUTPUT_LIMIT and self._read():
            pass

    def failure(self) -> int:
        said = os.read(self._told, 64) if _is_readable(self._told) else b""
        said = said.removeprefix(child.LOADING)
        return _errno(said) if said else 0

    def close(self) -> None:
        for descriptor in (self._pidfd, self._listener):
            if descriptor >= 0:
                os.close(descriptor)

    def _read(self) -> bool:
        """Whether there was something."""
        try:
            read = os.read(self._output, 1 << 16)
        except BlockingIOError:
            return False
        self.output += read
        return bool(read)

    def _answer(self, decide: Decide, seen: set[int]) -> None:
        try:
            asked = notify.receive(self._listener)
            seen.add(asked.tid)
            error = decide(asked.tid, asked.number, asked.tid == self._pid) if asked.number != EXECVE else None
            notify.answer(self._listener, asked, error)
        except FileNotFoundError:
            pass  # a signal ended it, or its wait, which then begins anew


def _errno(said: bytes) -> int:
    """The errno that the child told; ECHILD where it ended without a word."""
    return int(child.FAILURE.unpack(said[1:5])[0]) if said.startswith(child.FAILED) else errno.ECHILD


def _is_readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _children() -> Iterator[int]:
    """Our children by /proc: not every kernel lists them (CONFIG_PROC_CHILDREN)."""
    parent = str(os.getpid())
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    if stat.read().rpartition(") ")[2].split()[1] == parent:
                        yield int(name)
            except (FileNotFoundError, ProcessLookupError):
                pass  # it ended meanwhile


class _Descriptor:
    """One that may be closed more than once."""

    def __init__(self, number: int) -> None:
        self.number = number

    def close(self) -> None:
        if self.number >= 0:
            os.close(self.number)
        self.number = -1


@contextmanager
def _pipe() -> Iterator[tuple[_Descriptor, _Descriptor]]:
    ends = tuple(map(_Descriptor, os.pipe()))
    try:
        yield ends[0], ends[1]
    finally:
        for end in ends:
            end.close()
