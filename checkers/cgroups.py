"""The checks of the cgroups chapter. They judge what the kernel says, never how it came about.

Source of the rules they name: cgroups(7), the kernel's Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from checkers import cgroup_state as state
from checkers.sleeps import is_sleep
from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.procfs import Process
from lablib.verdict import Context, Evidence, Failure, check, remember

TEST = "test"
MEMORY = frozenset({"memory"})


# cgroups/move-sleep


@check(task="cgroups/move-sleep")
def test_exists(ctx: Context) -> Evidence:
    """A cgroup `test` exists below the root."""
    return Evidence(_test(ctx).source("cgroup.type"), _test(ctx).type())


@check(task="cgroups/move-sleep")
def sleep_is_in_test(ctx: Context) -> Evidence:
    """A running `sleep` is in `test` itself."""
    test = _test(ctx)
    procs = state.procs(test)
    if any(is_sleep(ctx, pid) for pid in procs):
        return state.procs_evidence(ctx, test, procs)
    evidence = [state.procs_evidence(ctx, test, procs)]
    asleep = [pid for pid in ctx.proc.pids() if is_sleep(ctx, pid)]
    if not asleep:
        raise Failure(
            "cgroups.no-sleep",
            expected="sleep",
            actual=state.named(ctx, procs) or "-",
            evidence=evidence,
        )
    pid = asleep[0]
    where = ctx.proc.cgroup(pid) or "-"
    evidence.append(state.place_evidence(ctx, pid))
    raise Failure(
        "cgroups.sleep-elsewhere",
        expected="sleep",
        actual=state.named(ctx, procs) or "-",
        evidence=evidence,
        pid=ctx.proc.shown_pid(pid),
        where=where,
    )


# cgroups/memory-only


@remember(task="cgroups/memory-only")
def the_sleep_to_keep(ctx: Context) -> Mapping[str, Any]:
    return _remembered_sleeps(ctx)


@check(task="cgroups/memory-only")
def sleep_survives(ctx: Context) -> Iterable[Evidence]:
    """The `sleep` that was in `test` still runs."""
    return [state.place_evidence(ctx, process.pid) for process in _kept_sleeps(ctx)]


@check(task="cgroups/memory-only")
def child_has_only_memory(ctx: Context) -> Evidence:
    """A child of `test` has the memory controller and no other."""
    state.needs_controller(ctx, "memory")
    test = _test(ctx)
    children = state.children(test)
    for child in children:
        if _controllers(child) == MEMORY:
            return Evidence(child.source("cgroup.controllers"), "memory")
    given = state.shown(test.subtree_control())
    evidence = [
        Evidence(test.source("cgroup.controllers"), state.shown(test.controllers())),
        Evidence(test.source("cgroup.subtree_control"), given),
        *(Evidence(child.source("cgroup.controllers"), state.shown(_controllers(child))) for child in children[:3]),
    ]
    key, params = _why_not_only_memory(ctx, test, children)
    raise Failure(key, expected="memory", actual=_nearest(children), evidence=evidence, **params)


def _why_not_only_memory(ctx: Context, test: Cgroup, children: tuple[Cgroup, ...]) -> tuple[str, dict[str, str | int]]:
    """The rule of the kernel's that stands between the student and the goal, the first one in the way."""
    if not children:
        return "cgroups.no-child", {}
    if test.type() != "domain":
        return "cgroups.threaded", {"type": test.type()}
    if "memory" not in test.controllers():
        return "cgroups.not-offered", {}
    given = test.subtree_control()
    if "memory" in given:
        return "cgroups.others-too", {"others": state.shown(given - MEMORY)}
    if procs := state.procs(test):
        pid = procs[0]
        return "cgroups.internal-processes", {
            "pid": ctx.proc.shown_pid(pid),
            "name": ctx.proc.comm(pid) or "?",
        }
    return "cgroups.not-enabled", {}


# cgroups/clean-up


@remember(task="cgroups/clean-up")
def the_sleep_to_end(ctx: Context) -> Mapping[str, Any]:
    return _remembered_sleeps(ctx)


@check(task="cgroups/clean-up")
def sleep_has_ended(ctx: Context) -> None:
    """The `sleep` has ended."""
    alive = [process for process in _sleeps(ctx) if ctx.proc.is_alive(process)]
    if alive:
        pid = ctx.proc.shown_pid(alive[0].pid)
        raise Failure(
            "cgroups.sleep-lives",
            expected="-",
            actual=f"sleep ({pid})",
            evidence=[state.place_evidence(ctx, process.pid) for process in alive],
            pid=pid,
        )


@check(task="cgroups/clean-up")
def test_is_gone(ctx: Context) -> None:
    """`test` and every cgroup below it are gone."""
    test = ctx.cgroup.child(TEST)
    if not test.exists():
        return
    below = state.tree(test)
    holding = [(cgroup, procs) for cgroup in below if (procs := state.procs(cgroup))]
    evidence = [state.procs_evidence(ctx, cgroup, procs) for cgroup, procs in holding]
    if holding:
        cgroup, procs = holding[0]
        raise Failure(
            "cgroups.still-populated",
            expected="-",
            actual=cgroup.shown,
            evidence=evidence,
            cgroup=cgroup.shown,
            pid=ctx.proc.shown_pid(procs[0]),
        )
    evidence = [Evidence(test.source("cgroup.events"), test.read("cgroup.events"))]
    if len(below) > 1:
        raise Failure("cgroups.has-children", expected="-", actual=test.shown, evidence=evidence, child=below[-1].shown)
    raise Failure("cgroups.not-removed", expected="-", actual=test.shown, evidence=evidence)


# What these checks share


def _test(ctx: Context) -> Cgroup:
    test = ctx.cgroup.child(TEST)
    if not test.exists():
        raise Failure(
            "cgroups.no-test",
            expected=test.shown,
            actual="-",
            evidence=[Evidence(ctx.cgroup.shown, " ".join(child.name for child in state.children(ctx.cgroup)) or "-")],
        )
    return test


def _controllers(cgroup: Cgroup) -> frozenset[str]:
    try:
        return cgroup.controllers()
    except FileNotFoundError:
        return frozenset()


def _remembered_sleeps(ctx: Context) -> Mapping[str, Any]:
    """Each `sleep` in `test` and below it, as pid, start time and the pid the student knows. Raises LookupError when
    there is none: then the scene is at fault."""
    pids = [pid for cgroup in state.tree(ctx.cgroup.child(TEST)) for pid in state.procs(cgroup) if is_sleep(ctx, pid)]
    found = [process for pid in pids if (process := ctx.proc.process(pid))]
    if not found:
        raise LookupError("no sleep in the scene")
    return {"sleeps": [[process.pid, process.start_time, ctx.proc.shown_pid(process.pid)] for process in found]}


def _sleeps(ctx: Context) -> list[Process]:
    """The remembered ones; where no scene was set, whatever `sleep 1d` runs here."""
    if "sleeps" in ctx.remembered:
        return [Process(pid, start) for pid, start, _ in ctx.remembered["sleeps"]]
    pids = [pid for pid in ctx.proc.pids() if is_sleep(ctx, pid) and "1d" in (ctx.proc.cmdline(pid) or ())]
    return [process for pid in pids if (process := ctx.proc.process(pid))]


def _kept_sleeps(ctx: Context) -> list[Process]:
    sleeps = _sleeps(ctx)
    alive = [process for process in sleeps if ctx.proc.is_alive(process)]
    if alive and len(alive) == len(sleeps):
        return alive
    remembered = ctx.remembered.get("sleeps", [])
    gone = [shown for pid, start, shown in remembered if Process(pid, start) not in alive]
    evidence = [Evidence(f"/proc/{shown}", "-") for shown in gone] or [Evidence("/proc/*/comm", "-")]
    raise Failure("cgroups.sleep-died", expected="sleep", actual="-", evidence=evidence)


def _nearest(children: tuple[Cgroup, ...]) -> str:
    """The controllers of the child that comes closest."""
    found = [_controllers(child) for child in children]
    nearest = sorted([c for c in found if "memory" in c] or found, key=lambda controllers: len(controllers))
    return state.shown(nearest[0]) if nearest else "-"
