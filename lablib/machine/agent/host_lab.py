"""The student's side of a lab on a host: a subtree of its cgroups, a pid namespace and a root of their own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.inside import Inside
from lablib.kernel.procfs import ProcFS
from lablib.machine.agent import world
from lablib.machine.agent.lab import await_rest
from lablib.machine.agent.subtree import is_frozen, processes
from lablib.verdict import Context

_FREEZE_SECONDS = 5.0


@dataclass(frozen=True)
class SubtreeProcFS(ProcFS):
    """Of all the host's processes those in a lab's cgroups, which nothing leads out of; the host may have other
    containers."""

    subtree: Path = Path()

    def pids(self) -> Iterator[int]:
        for folder, _, _ in os.walk(self.subtree):
            yield from processes(Path(folder))


@dataclass(frozen=True)
class HostLab:
    """The student lives in a subtree of this host's cgroups, in a pid namespace and a root of their own."""

    subtree: Path
    root: Path
    environment: Mapping[str, str]
    first: int
    work_folder: str = world.WORK_FOLDER

    @property
    def terminals(self) -> Path:
        return self.root / "dev/pts"

    @property
    def jail(self) -> Mapping[str, Any]:
        return {"first": self.first, "dropped": (), "environment": self.environment, "folder": self.work_folder}

    def context(self, remembered: Mapping[str, Any]) -> Context:
        proc = SubtreeProcFS(depth=1, subtree=self.subtree)
        return Context(proc, Cgroup.open_root(self.subtree), remembered, Inside(self.root), self.work_folder)

    def stop_processes(self) -> bool:
        """Frozen, nothing can fork; thawed, each stops before it runs another instruction. So no cgroup of a student's
        is frozen that they have not frozen themselves."""
        await_rest(lambda: map(str, SubtreeProcFS(subtree=self.subtree).pids()))
        (self.subtree / "cgroup.freeze").write_text("1")
        frozen = _waited(lambda: is_frozen(self.subtree))
        for pid in SubtreeProcFS(subtree=self.subtree).pids():
            try:
                os.kill(pid, signal.SIGSTOP)
            except ProcessLookupError:
                continue  # killed meanwhile, as the OOM killer may
        (self.subtree / "cgroup.freeze").write_text("0")
        return frozen and _waited(lambda: not _still_frozen(self.subtree))


def _still_frozen(cgroup: Path) -> bool:
    """Whether `cgroup` or one below it has not thawed yet. One with a 1 of its own in cgroup.freeze does not, nor what
    is below it."""
    if (cgroup / "cgroup.freeze").read_text() == "1\n":
        return False
    return is_frozen(cgroup) or any(_still_frozen(child) for child in cgroup.iterdir() if child.is_dir())


def _waited(is_so: Callable[[], bool]) -> bool:
    """Whether it was so in time."""
    end = time.monotonic() + _FREEZE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
