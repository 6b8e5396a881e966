"""What a machine lacks of what a step or a task needs: found by looking, never by version."""

from __future__ import annotations

from collections.abc import Iterable

from lablib.course.model import Task
from lablib.machine.base import Machine
from lablib.verdict import Result, Verdict

_ASK_SECONDS = 10.0


def lacking(machine: Machine, needs: Iterable[str]) -> tuple[str, ...]:
    """Of `needs` (`controller:NAME`, `feature:NAME`, `program:NAME`, `systemd`), those `machine` does not have.
    Raises MachineError."""
    return tuple(need for need in needs if not _has(machine, need))


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
