"""What checks read of cgroups, and say the same way. Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst."""

from __future__ import annotations

from collections.abc import Iterable

from lablib.kernel.cgroup2 import Cgroup
from lablib.verdict import Blocked, Context, Evidence, Failure


def needs_controller(ctx: Context, name: str) -> None:
    """On a hybrid machine a controller may be held by version 1, and version 2 cannot have it."""
    offered = ctx.cgroup.controllers()
    if name not in offered:
        raise Blocked(
            "cgroups.held-elsewhere",
            expected=name,
            actual=shown(offered),
            evidence=[Evidence(ctx.cgroup.source("cgroup.controllers"), shown(offered))],
            controller=name,
        )


def made(ctx: Context, name: str) -> Cgroup:
    """The cgroup `name` below the root."""
    cgroup = ctx.cgroup.child(name)
    if not cgroup.exists():
        siblings = " ".join(child.name for child in children(ctx.cgroup)) or "-"
        raise Failure(
            "cgroups.not-made",
            expected=cgroup.shown,
            actual="-",
            evidence=[Evidence(ctx.cgroup.shown, siblings)],
            cgroup=cgroup.shown,
        )
    return cgroup


def says(ctx: Context, cgroup: Cgroup, file: str) -> Evidence:
    """What `file` of a controller's says; a cgroup whose parent does not hand the controller down has no such file."""
    controller = file.partition(".")[0]
    needs_controller(ctx, controller)
    try:
        return Evidence(cgroup.source(file), cgroup.read(file))
    except FileNotFoundError:
        given = ctx.cgroup.subtree_control()
        raise Failure(
            "cgroups.not-handed-down",
            expected=cgroup.source(file),
            actual="-",
            evidence=[Evidence(ctx.cgroup.source("cgroup.subtree_control"), shown(given))],
            file=cgroup.source(file),
            controller=controller,
        ) from None


def counts(said: Evidence) -> dict[str, int]:
    """The numbers of a flat keyed file, such as memory.events."""
    pairs = (line.split() for line in said.text.splitlines())
    return {name: int(number) for name, number in pairs}


def children(cgroup: Cgroup) -> tuple[Cgroup, ...]:
    """Empty for one that is just being removed."""
    try:
        return cgroup.children()
    except FileNotFoundError:
        return ()


def tree(cgroup: Cgroup) -> list[Cgroup]:
    return [cgroup, *(below for child in children(cgroup) for below in tree(child))]


def procs(cgroup: Cgroup) -> tuple[int, ...]:
    """The processes in `cgroup` that we can name; the threads in a threaded one, whose cgroup.procs cannot be read."""
    for file in ("cgroup.procs", "cgroup.threads"):
        try:
            return tuple(pid for line in cgroup.read(file).splitlines() if (pid := int(line)))
        except OSError:
            continue
    return ()


def procs_evidence(ctx: Context, cgroup: Cgroup, pids: Iterable[int]) -> Evidence:
    return Evidence(cgroup.source("cgroup.procs"), named(ctx, pids) or "-")


def place_evidence(ctx: Context, pid: int) -> Evidence:
    """The cgroup that `pid` is in."""
    return Evidence(f"/proc/{ctx.proc.shown_pid(pid)}/cgroup", f"0::{ctx.proc.cgroup(pid) or '-'}")


def named(ctx: Context, pids: Iterable[int]) -> str:
    """Pids with the names of their programs, as the student knows them; processes of ours are left out."""
    names = [f"{ctx.proc.shown_pid(pid)} ({ctx.proc.comm(pid)})" for pid in pids if ctx.proc.comm(pid)]
    return ", ".join(names[:20])


def shown(controllers: Iterable[str]) -> str:
    return " ".join(sorted(controllers)) or "-"
