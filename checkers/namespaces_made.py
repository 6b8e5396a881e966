"""The checks of the namespaces chapter in which new namespaces are made.

Source of the rules they name: pid_namespaces(7), user_namespaces(7), unshare(2).
"""

from __future__ import annotations

from checkers.containers import (
    CHILDREN,
    NAMES,
    containers,
    elsewhere,
    links,
    named,
    no_sleep,
    nspid,
    old_proc,
    outer_namespace,
    pid_namespace_of_proc,
    proc_evidence,
    students,
)
from checkers.sleeps import is_sleep
from lablib.verdict import Context, Evidence, Failure, check

STUDENT = 1000
"""The uid of `student`."""
FAKE_ROOT = ((0, STUDENT, 1),)
SEVERAL = 4
"""How many lines of a map are told at most."""


# namespaces/be-pid-1


@check(task="namespaces/be-pid-1")
def is_pid_1(ctx: Context) -> Evidence:
    """A sleep as long as was asked for is process 1 of a pid namespace of its own."""
    mine, nap = _first_processes(ctx), ctx.parameters["nap"]
    slept = {pid: (ctx.proc.cmdline(pid) or ())[1:] for pid in mine}
    for pid, arguments in slept.items():
        if nap in arguments:
            return nspid(ctx, pid)
    pid, arguments = next(iter(slept.items()))
    found = " ".join(arguments) or "-"
    evidence = [Evidence(f"/proc/{ctx.proc.shown_pid(pid)}/cmdline", f"sleep {found}")]
    raise Failure("namespaces.another-nap", expected=nap, actual=found, evidence=evidence, found=found)


@check(task="namespaces/be-pid-1")
def proc_agrees(ctx: Context) -> Evidence:
    """The `/proc` that it sees is that of its own pid namespace."""
    mine = _first_processes(ctx)
    for pid in mine:
        if pid_namespace_of_proc(ctx, pid) == ctx.proc.namespace(pid, "pid"):
            return proc_evidence(ctx, pid)
    raise old_proc(ctx, mine[0])


def _first_processes(ctx: Context) -> list[int]:
    """Each sleep that is the first process of a pid namespace. Raises Failure where there is none."""
    inside = [pid for pid in elsewhere(ctx, "pid") if ctx.proc.cmdline(pid) not in NAMES]
    first = [pid for pid in inside if ctx.proc.shown_pids(pid)[1:][-1:] == (1,)]
    if sleeps := [pid for pid in first if is_sleep(ctx, pid)]:
        return sleeps
    if first:
        raise no_sleep(ctx, first[0], nspid(ctx, first[0]))
    for pid in inside[:1]:
        evidence = [nspid(ctx, pid)]
        inner = ctx.proc.shown_pids(pid)[-1]
        params = {**named(ctx, pid), "inside": inner}
        raise Failure("namespaces.not-the-first", expected="1", actual=str(inner), evidence=evidence, **params)
    outer, known = outer_namespace(ctx, "pid"), {ctx.proc.namespace(one.pid, "pid") for one in containers(ctx)}
    for pid in students(ctx):
        if ctx.proc.namespace(pid, "pid") != outer:
            continue
        # The link leads nowhere until the new namespace has its first process (fs/nsfs.c, kernel/pid_namespace.c).
        if ctx.proc.namespace(pid, CHILDREN) not in (outer, *known) and ctx.proc.process(pid) is not None:
            evidence = [links(ctx, pid, ("pid", CHILDREN))]
            params = named(ctx, pid)
            raise Failure("namespaces.no-fork", expected="1", actual=str(params["pid"]), evidence=evidence, **params)
    raise Failure("namespaces.no-pid-namespace", expected="1", actual="-", evidence=[Evidence("/proc/*/ns/pid", outer)])


# namespaces/fake-root


@check(task="namespaces/fake-root")
def root_inside(ctx: Context) -> Evidence:
    """A sleep is root in a user namespace that `student` made, and `student` outside."""
    found = list(elsewhere(ctx, "user"))
    right = [pid for pid in found if _is_fake_root(ctx, pid)]
    for pid in right:
        if is_sleep(ctx, pid):
            return _map_evidence(ctx, pid)
    if right:
        raise no_sleep(ctx, right[0], _map_evidence(ctx, right[0]))
    if not found:
        evidence = [Evidence("/proc/*/ns/user", outer_namespace(ctx, "user"))]
        raise Failure("namespaces.no-user-namespace", expected="0 1000 1", actual="-", evidence=evidence)
    pid = max(found, key=lambda pid: (len(ctx.proc.uid_map(pid)), ctx.proc.uid_map(pid)[:1] != ((0, 0, 1),)))
    evidence = [_map_evidence(ctx, pid), Evidence(f"/proc/{ctx.proc.shown_pid(pid)}/status", f"Uid: {_uid(ctx, pid)}")]
    raise Failure(
        f"namespaces.{_why_no_fake_root(ctx, pid)}",
        expected="0 1000 1",
        actual=evidence[0].text,
        evidence=evidence,
        uid=_uid(ctx, pid),
        **named(ctx, pid),
    )


def _is_fake_root(ctx: Context, pid: int) -> bool:
    made_by = ctx.proc.user_namespace_maker(pid)
    return ctx.proc.uid_map(pid) == FAKE_ROOT and _uid(ctx, pid) == STUDENT and made_by in (STUDENT, None)


def _why_no_fake_root(ctx: Context, pid: int) -> str:
    rows = ctx.proc.uid_map(pid)
    if not rows:
        return "no-map"
    outside = [first_outside for first_inside, first_outside, _ in rows if first_inside == 0]
    if not outside:
        return "not-root-inside"
    if outside[0] == 0:
        return "real-root"
    if rows != ((0, outside[0], 1),):
        return "map-too-wide"
    if outside[0] != STUDENT:
        return "another-user"
    return "not-its-owner" if _uid(ctx, pid) != STUDENT else "made-by-root"


def _uid(ctx: Context, pid: int) -> int:
    """Its effective uid, as it is outside; -1 when it has ended."""
    fields = ((ctx.proc.status(pid) or {}).get("Uid") or "").split()
    return int(fields[1]) if len(fields) > 1 else -1


def _map_evidence(ctx: Context, pid: int) -> Evidence:
    rows = [" ".join(str(number) for number in row) for row in ctx.proc.uid_map(pid)[:SEVERAL]]
    return Evidence(f"/proc/{ctx.proc.shown_pid(pid)}/uid_map", "\n".join(rows) or "-")
