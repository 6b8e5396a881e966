"""What a machine lacks of what a step or a task needs: found by looking, never by version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lablib.course.model import Task
from lablib.machine.base import Machine
from lablib.verdict import Result, Verdict

_ASK_SECONDS = 10.0
_SAID = 4096
_LACKING = "grading.lacking"
_OF_KERNEL = ("controller:", "feature:")
"""Needs that a machine tells of when it comes up; the others are looked for."""
_LOOK = """for need; do
    case $need in
        program:*) command -v -- "${need#*:}" ;;
        user:*) id -u -- "${need#*:}" ;;
        systemd) test -d /run/systemd/system ;; # sd_booted(3)
        *) false ;;
    esac > /dev/null || echo "$need"
done"""


def lacking(machine: Machine, needs: Iterable[str]) -> tuple[str, ...]:
    """Of `needs` (`controller:NAME`, `feature:NAME`, `program:NAME`, `user:NAME`, `systemd`), those `machine` does not
    have. Raises MachineError."""
    asked = tuple(dict.fromkeys(needs))
    here = machine.capabilities
    known = {f"controller:{name}" for name in here.controllers}
    known |= {f"feature:{name}" for name, has in here.features.items() if has}
    absent = _absent(machine, [need for need in asked if not need.startswith(_OF_KERNEL)])
    return tuple(need for need in asked if need in absent or (need.startswith(_OF_KERNEL) and need not in known))


def blocking(machine: Machine, task: Task) -> Result | None:
    """What is to be said of `task` where `machine` cannot offer it; None where it can. Raises MachineError."""
    missing = ", ".join(lacking(machine, task.needs))
    if not missing:
        return None
    return Result("machine", Verdict.BLOCKED, _LACKING, missing, "-", {"needs": missing})


def lacked(results: Iterable[Result]) -> tuple[str, ...]:
    """What `blocking` said to be lacking, where it is among `results`."""
    return tuple(need for one in results if one.key == _LACKING for need in one.params["needs"].split(", "))


def _absent(machine: Machine, needs: Sequence[str]) -> frozenset[str]:
    """Those of `needs` that a student's shell does not find: asked once for all, since a process costs a guest
    milliseconds."""
    if not needs:
        return frozenset()
    argv = ["/bin/sh", "-c", _LOOK, "sh", *needs]
    said = machine.run(argv, timeout=_ASK_SECONDS, limit=_SAID)
    return frozenset(needs) if said.status != 0 else frozenset(said.out.decode(errors="replace").splitlines())
