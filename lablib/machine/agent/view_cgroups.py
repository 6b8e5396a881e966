"""The view of cgroups: who is in each, what it has and gives, and how far it is from its limits.

Source: Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.procfs import ProcFS
from lablib.verdict import Context

MAX_PROCESSES = 12
"""Of one cgroup; how many there are in all is said besides."""
_EXAMINED = 256
"""Processes of one cgroup that are looked at; in the root the kernel's own threads come first."""
_MAX_DEPTH = 32
_CPU_SECONDS = 1.0
"""Over which the use of processors is counted: the clock of a guest ticks a hundred times a second."""
_GRAIN = 64 * 1024
"""Bytes: memory is told no finer, else an idle machine would have news all the time."""
_ALL = "max"
_MOST = 4096
"""Bytes of one file: more than any but cgroup.procs has."""


class _Used(NamedTuple):
    at: float
    usec: int
    percent: int


class Cgroups:
    """Remembers how much processor time each has had."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: dict[str, _Used] = {}

    def rows(self, context: Context) -> Iterator[tuple[str, Any] | None]:
        """For each, parents first, by its path below the lab's root:
        `[controllers, subtree_control, number of processes, [[pid, name], …], gauges]`, the pids as the student knows
        them. What a cgroup has no controller for is not among its gauges."""
        met: set[str] = set()
        for path, cgroup in _walk(context.cgroup, ""):
            met.add(path)
            row: list[Any] = []
            yield from self._row(cgroup, context.proc, path, row)
            yield path, row
        for gone in self._used.keys() - met:
            del self._used[gone]

    def _row(self, cgroup: Cgroup, proc: ProcFS, path: str, row: list[Any]) -> Iterator[None]:
        """Fills `row`."""
        has, gives = _words(cgroup, "cgroup.controllers"), _words(cgroup, "cgroup.subtree_control")
        shown: list[tuple[int, str]] = []
        count = 0
        events = _entries(cgroup, "cgroup.events")
        lives = events.get("populated", 1)  # the root has no such file, and always lives
        # 0 is a process outside the student's pid namespace and ours; the agent itself is not the student's to see.
        pids = [pid for pid in _procs(cgroup) if pid] if lives else []
        for pid in pids[:_EXAMINED]:
            if _is_students(proc, pid):
                count += 1
                if len(shown) < MAX_PROCESSES:
                    shown.append((proc.shown_pid(pid), proc.comm(pid) or "?"))
            yield None
        gauges = self._gauges(cgroup, path, has, events) if path else {}
        row += [has, gives, count + len(pids[_EXAMINED:]), shown, gauges]

    def _gauges(self, cgroup: Cgroup, path: str, has: list[str], events: dict[str, int]) -> dict[str, Any]:
        """Of one without processes only what stays when they have gone."""
        gauges: dict[str, Any] = {}
        lives = events.get("populated", 1)
        if "memory" in has:
            used = _number(cgroup, "memory.current") if lives else 0
            gauges["memory"] = [used // _GRAIN * _GRAIN, _limit(cgroup, "memory.max")]
            gauges["high"] = _limit(cgroup, "memory.high")
            gauges["oom_kill"] = _entries(cgroup, "memory.events").get("oom_kill", 0)
        if "pids" in has:
            gauges["pids"] = [_number(cgroup, "pids.current") if lives else 0, _limit(cgroup, "pids.max")]
        if "cpu" in has:
            used = self._percent(path, _entries(cgroup, "cpu.stat").get("usage_usec", 0)) if lives else 0
            gauges["cpu"] = [used, _cpu_limit(cgroup)]
        gauges["frozen"] = events.get("frozen", 0)
        return gauges

    def _percent(self, path: str, usec: int) -> int:
        """Of one processor, over the last second or so."""
        now = self._clock()
        before = self._used.get(path)
        if before is None:
            self._used[path] = _Used(now, usec, 0)
            return 0
        if now - before.at < _CPU_SECONDS:
            return before.percent
        percent = round((usec - before.usec) / (now - before.at) / 10_000)
        self._used[path] = _Used(now, usec, percent)
        return percent


def _is_students(proc: ProcFS, pid: int) -> bool:
    """As `checkers.containers.students` finds them."""
    return proc.namespace(pid, "pid") not in ((proc.namespace(os.getpid(), "pid") if proc.depth else None), None)


def _walk(cgroup: Cgroup, path: str, depth: int = 0) -> Iterator[tuple[str, Cgroup]]:
    yield path, cgroup
    try:
        names = cgroup.child_names() if depth < _MAX_DEPTH else []
    except OSError:
        return  # it has just been removed
    for name in names:
        yield from _walk(cgroup.child(name), f"{path}/{name}", depth + 1)


def _procs(cgroup: Cgroup) -> tuple[int, ...]:
    """None where it is just being removed, or threaded."""
    try:
        return cgroup.procs()
    except OSError:
        return ()


def _words(cgroup: Cgroup, file: str) -> list[str]:
    """Those of a small file; none where it cannot be read, as the cgroup is just being removed. As few steps as can
    be: there may be a thousand cgroups, with a dozen files each."""
    try:
        descriptor = os.open(f"{cgroup.path}/{file}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        return os.read(descriptor, _MOST).decode("ascii", "replace").split()
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _number(cgroup: Cgroup, file: str) -> int:
    return int(next(iter(_words(cgroup, file)), "0"))


def _limit(cgroup: Cgroup, file: str) -> int | None:
    """None for no limit."""
    word = next(iter(_words(cgroup, file)), _ALL)
    return None if word == _ALL else int(word)


def _cpu_limit(cgroup: Cgroup) -> int | None:
    """cpu.max as percent of one processor."""
    quota, period = [*_words(cgroup, "cpu.max"), _ALL, "1"][:2]
    return None if quota == _ALL else round(100 * int(quota) / int(period))


def _entries(cgroup: Cgroup, file: str) -> dict[str, int]:
    """A file of lines of a name and a number."""
    words = iter(_words(cgroup, file))
    return {name: int(number) for name, number in zip(words, words, strict=False)}
