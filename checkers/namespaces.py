"""The checks of the namespaces chapter in which a container is entered: which namespaces a process is in, as its links
in /proc/PID/ns say. Those in which new namespaces are made are in `namespaces_made`.

Source of the rules they name: namespaces(7), pid_namespaces(7), setns(2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checkers.containers import (
    CHILDREN,
    SLIM,
    WEB,
    container_of,
    containers,
    elsewhere,
    links,
    named,
    no_sleep,
    old_proc,
    own_kinds,
    pid_namespace_of_proc,
    proc_evidence,
    remembered,
    students,
)
from checkers.sleeps import is_sleep
from lablib.kernel.procfs import Process
from lablib.verdict import Context, Evidence, Failure, check, remember

INSIDE = ("pid", "net", "uts", "ipc")
"""Where tools must be that look at a container; its mount namespace is what they are to do without."""


# namespaces/enter-uts, enter-pid-mnt, enter-all


@remember(task="namespaces/enter-uts")
def the_container_of_uts(ctx: Context) -> Mapping[str, Any]:
    return remembered(ctx, WEB)


@check(task="namespaces/enter-uts")
def container_runs(ctx: Context) -> Evidence:
    """The container still runs."""
    return links(ctx, container_of(ctx, WEB).pid, ("uts",))


@check(task="namespaces/enter-uts")
def only_uts(ctx: Context) -> Evidence:
    """A sleep is in the container's UTS namespace, and in no other of its namespaces."""
    return _entered_exactly(ctx, frozenset({"uts"}))


@remember(task="namespaces/enter-pid-mnt")
def the_container_of_pid_mnt(ctx: Context) -> Mapping[str, Any]:
    return remembered(ctx, WEB)


@check(task="namespaces/enter-pid-mnt")
def the_container_runs(ctx: Context) -> Evidence:
    """The container still runs."""
    return links(ctx, container_of(ctx, WEB).pid, ("pid", "mnt"))


@check(task="namespaces/enter-pid-mnt")
def pid_and_mnt(ctx: Context) -> Evidence:
    """A sleep is in the container's pid and mount namespaces, and in no other of its namespaces."""
    return _entered_exactly(ctx, frozenset({"pid", "mnt"}))


@remember(task="namespaces/enter-all")
def the_container_of_all(ctx: Context) -> Mapping[str, Any]:
    return remembered(ctx, WEB)


@check(task="namespaces/enter-all")
def container_still_runs(ctx: Context) -> Evidence:
    """The container still runs."""
    container = container_of(ctx, WEB)
    return links(ctx, container.pid, own_kinds(ctx, container.pid))


@check(task="namespaces/enter-all")
def every_namespace(ctx: Context) -> Evidence:
    """A sleep is in every namespace that the container has of its own."""
    return _entered_exactly(ctx, own_kinds(ctx, container_of(ctx, WEB).pid))


@dataclass(frozen=True)
class _Guest:
    """A process of the student's that is in some of a container's namespaces."""

    pid: int
    same: frozenset[str]
    """The kinds of which it is in the container's."""
    touched: frozenset[str]
    """These, and pid where only its children will be there."""


def _entered_exactly(ctx: Context, wanted: frozenset[str]) -> Evidence:
    """The process that is in the `wanted` namespaces of the container and in no other that the container has of its
    own. Raises Failure."""
    container = container_of(ctx, WEB)
    guests = list(_guests(ctx, container, own_kinds(ctx, container.pid), wanted))
    right = [guest.pid for guest in guests if wanted <= guest.same and guest.touched == wanted]
    for pid in right:
        if is_sleep(ctx, pid):
            return links(ctx, pid, wanted)
    if right:
        raise no_sleep(ctx, right[0], links(ctx, right[0], wanted))
    if not guests:
        raise _nobody_entered(ctx, container, wanted)
    nearest = max(guests, key=lambda guest: (len(guest.same & wanted), -len(guest.touched - wanted)))
    kinds = sorted(wanted | nearest.touched)
    params = named(ctx, nearest.pid)
    evidence = [links(ctx, container.pid, kinds), links(ctx, nearest.pid, kinds)]
    expected, actual = " ".join(sorted(wanted)), " ".join(sorted(nearest.same)) or "-"
    missing, extra = wanted - nearest.same, nearest.touched - wanted
    if missing == {"pid"} and "pid" in nearest.touched:
        raise Failure("namespaces.children-only", expected=expected, actual=actual, evidence=evidence, **params)
    if missing:
        params["missing"] = " ".join(sorted(missing))
        raise Failure("namespaces.not-in-all", expected=expected, actual=actual, evidence=evidence, **params)
    params["extra"] = " ".join(sorted(extra))
    raise Failure("namespaces.in-others-too", expected=expected, actual=actual, evidence=evidence, **params)


def _guests(ctx: Context, container: Process, own: frozenset[str], wanted: frozenset[str]) -> Iterator[_Guest]:
    """The processes that are in at least one of the `wanted` namespaces, of those that the container has of its `own`.
    What the container itself forked is none; what was entered from outside may have its first process for a parent too,
    once its own has ended."""
    theirs = {kind: ctx.proc.namespace(container.pid, kind) for kind in own}
    for pid in students(ctx):
        touched = {kind for kind in wanted if ctx.proc.namespace(pid, kind) == theirs[kind]}
        if not touched and not ("pid" in wanted and ctx.proc.namespace(pid, CHILDREN) == theirs["pid"]):
            continue
        if ctx.proc.process(pid) is None or ctx.proc.cmdline(pid) == WEB:
            continue
        same = frozenset(kind for kind in own if ctx.proc.namespace(pid, kind) == theirs[kind])
        later = {"pid"} if ctx.proc.namespace(pid, CHILDREN) == theirs.get("pid") else set()
        yield _Guest(pid, same, same | later)


def _nobody_entered(ctx: Context, container: Process, wanted: frozenset[str]) -> Failure:
    expected = links(ctx, container.pid, wanted)
    if wanted == {"uts"}:
        known = {ctx.proc.namespace(one.pid, "uts") for one in containers(ctx)}
        for pid in elsewhere(ctx, "uts"):
            if ctx.proc.namespace(pid, "uts") not in known:
                return Failure(
                    "namespaces.another-uts",
                    expected=expected.text,
                    actual=links(ctx, pid, wanted).text,
                    evidence=[expected, links(ctx, pid, wanted)],
                    **named(ctx, pid),
                )
    return Failure(
        "namespaces.not-entered",
        expected=expected.text,
        actual="-",
        evidence=[expected],
        kinds=" ".join(sorted(wanted)),
        pid=ctx.proc.shown_pid(container.pid),
    )


# namespaces/debug


@remember(task="namespaces/debug")
def the_container_to_debug(ctx: Context) -> Mapping[str, Any]:
    return remembered(ctx, SLIM)


@check(task="namespaces/debug")
def slim_runs(ctx: Context) -> Evidence:
    """The container still runs."""
    return links(ctx, container_of(ctx, SLIM).pid, ("pid", "net"))


@check(task="namespaces/debug")
def tools_are_inside(ctx: Context) -> Evidence:
    """A sleep that is not the container's own runs in its pid, network, UTS and IPC namespaces."""
    return links(ctx, _tools(ctx)[0], INSIDE)


@check(task="namespaces/debug")
def proc_shows_the_container(ctx: Context) -> Evidence:
    """The `/proc` that it sees is that of the container's pid namespace."""
    tools = _tools(ctx)
    for pid in tools:
        if pid_namespace_of_proc(ctx, pid) == ctx.proc.namespace(pid, "pid"):
            return proc_evidence(ctx, pid)
    raise old_proc(ctx, tools[0])


def _tools(ctx: Context) -> list[int]:
    """Each sleep in the container whose program is a file of another file system. Raises Failure."""
    container = container_of(ctx, SLIM)
    theirs = {kind: ctx.proc.namespace(container.pid, kind) for kind in INSIDE}
    inside = {
        pid: {kind for kind in INSIDE if ctx.proc.namespace(pid, kind) == theirs[kind]}
        for pid in students(ctx)
        if pid != container.pid
    }
    near = [pid for pid, kinds in inside.items() if kinds and ctx.proc.process(pid) is not None]
    whole = [pid for pid in near if len(inside[pid]) == len(INSIDE)]
    root = ctx.proc.program(container.pid)
    foreign = [pid for pid in whole if root and (exe := ctx.proc.program(pid)) and exe.st_dev != root.st_dev]
    if sleeps := [pid for pid in foreign if is_sleep(ctx, pid)]:
        return sleeps
    if foreign:
        raise no_sleep(ctx, foreign[0], links(ctx, foreign[0], INSIDE))
    expected = links(ctx, container.pid, INSIDE)
    if not near:
        shown = ctx.proc.shown_pid(container.pid)
        raise Failure("namespaces.no-tools", expected=expected.text, actual="-", evidence=[expected], pid=shown)
    pid = max(near, key=lambda pid: len(inside[pid]))
    evidence = [expected, links(ctx, pid, INSIDE)]
    actual = " ".join(sorted(inside[pid]))
    params = named(ctx, pid)
    missing = [kind for kind in INSIDE if kind not in inside[pid]]
    if missing:
        params["missing"] = " ".join(missing)
        raise Failure("namespaces.not-in-all", expected=" ".join(INSIDE), actual=actual, evidence=evidence, **params)
    raise Failure("namespaces.own-program", expected=" ".join(INSIDE), actual=actual, evidence=evidence, **params)
