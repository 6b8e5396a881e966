"""What a machine lacks of what a step or a task needs: found by looking, never by version."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.machine.base import Machine
from lablib.verdict import Result, Verdict

_ASK_SECONDS = 10.0
_PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH of a guest's shells (`agent.world.ENVIRONMENT`)."""


def lacking(machine: Machine, needs: Iterable[str]) -> tuple[str, ...]:
    """Of `needs` (`controller:NAME`, `feature:NAME`, `program:NAME`, `systemd`), those `machine` does not have.
    Raises MachineError."""
    return tuple(need for need in needs if not _has(machine, need))


def lacking_in_guest(needs: Iterable[str]) -> frozenset[str]:
    """Of `needs`, those that a guest on this machine would not have, as far as can be told without booting one: its
    programs are this machine's, and what its kernel has is noted once it was booted."""
    offered = _noted_features()
    missing = set()
    for need in needs:
        kind, _, name = need.partition(":")
        if kind == "program":
            there = shutil.which(name, path=_PROGRAMS) is not None
        elif kind in ("controller", "feature"):
            there = offered is None or name in offered
        else:
            there = False  # no guest runs systemd
        if not there:
            missing.add(need)
    return frozenset(missing)


def _noted_features() -> frozenset[str] | None:
    """None where nothing is noted."""
    from lablib.machine.probing import all_noted, best

    try:
        return frozenset(best()[1].features) if all_noted() else None
    except MachineError:
        return None  # there is no kernel, which whoever starts a lesson is told


def blocking(machine: Machine, task: Task) -> Result | None:
    """What is to be said of `task` where `machine` cannot offer it; None where it can. Raises MachineError."""
    missing = ", ".join(lacking(machine, task.needs))
    if not missing:
        return None
    return Result("machine", Verdict.BLOCKED, "grading.lacking", missing, "-", {"needs": missing})


def _has(machine: Machine, need: str) -> bool:
    kind, _, name = need.partition(":")
    if kind == "controller":
        return name in machine.capabilities.controllers
    if kind == "feature":
        return machine.capabilities.features.get(name, False)
    if kind == "program":
        return _succeeds(machine, 'command -v -- "$1"', name)
    if need == "systemd":
        return _succeeds(machine, "test -d /run/systemd/system")  # sd_booted(3)
    raise ValueError(f"no need is called {need}")


def _succeeds(machine: Machine, test: str, *arguments: str) -> bool:
    return machine.run(["/bin/sh", "-c", test, "sh", *arguments], timeout=_ASK_SECONDS, limit=0).status == 0
