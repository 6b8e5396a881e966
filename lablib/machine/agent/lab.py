"""What differs between a guest and a host for the agent's service: whose processes the student's are, and where the
lab's cgroups begin."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from lablib.verdict import Context

REST_SECONDS = 5.0
"""How long what a script left in the background may take to get where it is going: what a last line ends in `&` has
not even called execve(2) when the script ends, and on a busy machine a Python takes two seconds to start there."""
BEGUN_SECONDS = 1.0
"""Of processor time: what has had this much is where it is going, and may go on for ever, as a loop."""
_REST_LOOKS = 2
"""One look at processes one after the other may miss who was woken meanwhile by one looked at before."""
_REST_INTERVAL = 0.01
_RESTING_STATES = frozenset("S")
STOP_SECONDS = 15.0
"""How long to chase processes that fork faster than they can be stopped. One round over a guest full of them takes a
second and more, and the machine may have other work."""
_WAITING_STATES = frozenset("D")
"""A process in vfork(2) waits in this state until its child has called execve(2), and a child that was stopped before
never does. It runs no more instruction of its own before it stops as well."""
_WAITING_ROUNDS = 5
_SETTLE_SECONDS = 0.01
"""For the signalled to run once more, which is when they stop."""
_STOPPED_STATES = frozenset("TtZX")
_TICKS = os.sysconf("SC_CLK_TCK")
_PF_KTHREAD = 0x00200000
"""include/linux/sched.h: a thread of the kernel's own, among the flags of /proc/PID/stat."""


class Lab(Protocol):
    """The student's side as the agent sees it."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What the student's programs start with."""

    @property
    def work_folder(self) -> str:
        """The student's `~/lab`."""

    @property
    def root(self) -> Path:
        """The student's `/` in the agent's own mount namespace."""

    @property
    def terminals(self) -> Path:
        """The devpts of the student's world, whose `ptmx` gives them their terminals."""

    @property
    def jail(self) -> Mapping[str, Any]:
        """Where the student's programs run: the pid of the first process there, `first`, the capabilities that are not
        theirs, `dropped`, and what they start with, `environment` and `folder`."""

    def context(self, remembered: Mapping[str, Any]) -> Context: ...

    def stop_processes(self) -> bool:
        """Waits until all of the student's processes sleep, or REST_SECONDS; nothing of theirs runs any more when this
        returns True."""


class GuestLab(NamedTuple):
    """The student lives in a pid namespace of their own, one below ours."""

    terminals: Path
    environment: Mapping[str, str]
    cgroup: Path
    work_folder: str
    root: Path
    first: int
    dropped: tuple[int, ...]

    @property
    def jail(self) -> Mapping[str, Any]:
        return {
            "first": self.first,
            "dropped": self.dropped,
            "environment": self.environment,
            "folder": self.work_folder,
        }

    def context(self, remembered: Mapping[str, Any]) -> Context:
        from lablib.kernel.cgroup2 import Cgroup  # the student's first shell need not wait for these
        from lablib.kernel.inside import Inside
        from lablib.kernel.procfs import ProcFS
        from lablib.verdict import Context

        return Context(ProcFS(depth=1), Cgroup.open_root(self.cgroup), remembered, Inside(self.root), self.work_folder)

    def stop_processes(self) -> bool:
        """Walks the pid namespace until whole rounds find everything at rest. The root cgroup cannot be frozen, and a
        student may rightly move processes there (cgroups(7): the freezer is not in the root)."""
        waiting_rounds = 0
        signalled: set[str] = set()
        with _undisturbed():
            await_rest(lambda: (entry for entry in os.listdir("/proc") if entry.isdigit()))
            end = time.monotonic() + STOP_SECONDS
            while time.monotonic() < end:
                found = self._stop_once(signalled)
                waiting_rounds = waiting_rounds + 1 if found <= _WAITING_STATES else 0
                if not found or waiting_rounds == _WAITING_ROUNDS:
                    return True
                time.sleep(_SETTLE_SECONDS)
        return False

    def _stop_once(self, signalled: set[str]) -> set[str]:
        """One round: sends SIGSTOP to all that has not stopped, and returns the states those were in. A process in a
        frozen cgroup stays as it is, with the signal pending, and runs as little."""
        found: set[str] = set()
        for entry in os.listdir("/proc"):
            if entry.isdigit() and (states := _running_states(entry)):
                if entry in signalled and self._is_frozen(entry):
                    continue
                signalled.add(entry)
                found |= states
                try:
                    os.kill(int(entry), signal.SIGSTOP)
                except ProcessLookupError:
                    continue
        return found

    def _is_frozen(self, pid: str) -> bool:
        try:
            with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="surrogateescape") as file:
                path = file.read().strip().removeprefix("0::/")
            with open(self.cgroup / path / "cgroup.events", encoding="ascii") as events:
                return "frozen 1" in events.read().splitlines()
        except (OSError, ValueError):
            return False  # it has ended, or is in the root, which has no such file


def await_rest(pids: Callable[[], Iterable[str]]) -> None:
    """Returns once each of these processes sleeps or has computed for BEGUN_SECONDS, or after REST_SECONDS."""
    end = time.monotonic() + REST_SECONDS
    quiet = 0
    while time.monotonic() < end:
        quiet = quiet + 1 if all(_is_settled(pid) for pid in pids()) else 0
        if quiet == _REST_LOOKS:
            return
        time.sleep(_REST_INTERVAL)


def _is_settled(pid: str) -> bool:
    return _running_states(pid) <= _RESTING_STATES or _stat(f"/proc/{pid}/stat").computed >= BEGUN_SECONDS


def _running_states(pid: str) -> set[str]:
    """The states of the threads of `pid` that have not stopped; none for the agent and the kernel's own threads:
    all else in a guest is the student's."""
    process = _stat(f"/proc/{pid}/stat")
    if int(pid) == os.getpid() or process.flags & _PF_KTHREAD:
        return set()
    states = {process.state}
    if process.threads > 1:
        try:
            states = {_stat(f"/proc/{pid}/task/{thread}/stat").state for thread in os.listdir(f"/proc/{pid}/task")}
        except OSError:
            return set()  # it has ended meanwhile
    return states - _STOPPED_STATES


@contextmanager
def _undisturbed() -> Iterator[None]:
    """On one processor nothing else runs beside a thread of the highest real-time priority (sched(7)), so not even a
    fork bomb grows while it is walked; a fork(2) that finds the signal pending is abandoned (ERESTARTNOINTR)."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(os.sched_get_priority_max(os.SCHED_FIFO)))
    except OSError:
        yield  # the student has forbidden real-time scheduling here; rounds then converge slowly, or not
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class _Stat(NamedTuple):
    """Of proc_pid_stat(5)."""

    state: str
    flags: int = 0
    computed: float = 0.0
    """Seconds of processor time, the kernel's for it included."""
    threads: int = 0


def _stat(path: str) -> _Stat:
    """In one read: there may be very many of them."""
    try:
        with open(path, "rb") as stat:
            fields = stat.read().rpartition(b") ")[2].split()
        return _Stat(fields[0].decode(), int(fields[6]), (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[17]))
    except (OSError, IndexError):
        return _Stat("X")  # it has ended
