"""What a machine lacks of what a step or a task needs: found by looking, never by version."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence

from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.machine.agent.world import ENVIRONMENT, FILES
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
_PROGRAMS = ENVIRONMENT["PATH"]
_USERS = frozenset(line.partition(":")[0] for line in FILES["etc/passwd"][1].splitlines())


def lacking(machine: Machine, needs: Iterable[str]) -> tuple[str, ...]:
    """Of `needs` (`controller:NAME`, `feature:NAME`, `program:NAME`, `user:NAME`, `systemd`), those `machine` does not
    have. Raises MachineError."""
    asked = tuple(dict.fromkeys(needs))
    here = machine.capabilities
    known = {f"controller:{name}" for name in here.controllers}
    known |= {f"feature:{name}" for name, has in here.features.items() if has}
    absent = _absent(machine, [need for need in asked if not need.startswith(_OF_KERNEL)])
    return tuple(need for need in asked if need in absent or (need.startswith(_OF_KERNEL) and need not in known))


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
        elif kind == "user":
            there = name in _USERS
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
