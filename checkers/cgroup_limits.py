"""The checks of the cgroups chapter on what controllers do to a group: memory, cpu, pids, and the freezer.

Source of the rules they name: cgroups(7), the kernel's Documentation/admin-guide/cgroup-v2.rst. What the kernel counted
in a cgroup's events stays until the cgroup is removed, so it tells what happened there after all has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from checkers import cgroup_state as state
from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.procfs import Process
from lablib.verdict import Context, Evidence, Failure, check, remember

MEMORY_LIMIT = 16 << 20
"""Of out-of-memory."""
_NEAR_THE_LIMIT = MEMORY_LIMIT - (1 << 20)
"""A charge that fails is for a few pages, so a group that a limit killed had come up to it."""
UNLIMITED = "max"
TICKER = "ticker"


# cgroups/out-of-memory


@check(task="cgroups/out-of-memory")
def small_is_limited(ctx: Context) -> Evidence:
    """memory.max of the cgroup is 16 MiB."""
    return _is_set(ctx, ctx.parameters["small"], "memory.max", str(MEMORY_LIMIT))


@check(task="cgroups/out-of-memory")
def small_was_killed_in(ctx: Context) -> Iterable[Evidence]:
    """The kernel killed a process in it, since it wanted more."""
    small = state.made(ctx, ctx.parameters["small"])
    said = state.says(ctx, small, "memory.events")
    events = state.counts(said)
    if not events["oom_kill"]:
        key = "cgroups.limit-met-not-killed" if events["max"] else "cgroups.limit-not-met"
        raise Failure(key, expected="oom_kill 1", actual="oom_kill 0", evidence=[said])
    peak = _peak(small)
    if peak is not None and int(peak.text) < _NEAR_THE_LIMIT:
        raise Failure(
            "cgroups.killed-below-the-limit",
            expected=f"≥ {_NEAR_THE_LIMIT}",
            actual=peak.text,
            evidence=[said, peak],
            peak=peak.text,
        )
    return [said] if peak is None else [said, peak]


# cgroups/slowed-not-killed


@check(task="cgroups/slowed-not-killed")
def soft_is_limited(ctx: Context) -> Evidence:
    """memory.high of the cgroup is as asked."""
    return _is_set(ctx, ctx.parameters["soft"], "memory.high", str(_brake(ctx)))


@check(task="cgroups/slowed-not-killed")
def soft_went_over_and_lived(ctx: Context) -> Iterable[Evidence]:
    """Processes in it went above that, and none was killed."""
    soft = state.made(ctx, ctx.parameters["soft"])
    said = state.says(ctx, soft, "memory.events")
    most = _peak(soft) or state.says(ctx, soft, "memory.current")
    evidence = [said, most, state.says(ctx, soft, "memory.max")]
    events = state.counts(said)
    if events["oom_kill"]:
        raise Failure("cgroups.soft-killed", expected="oom_kill 0", actual=said.text, evidence=evidence)
    # The counter alone does not do: what could be reclaimed at once was never above.
    if int(most.text) <= _brake(ctx):
        raise Failure(
            "cgroups.soft-not-over",
            expected=f"> {_brake(ctx)}",
            actual=most.text,
            evidence=evidence,
            most=most.text,
            max=evidence[-1].text,
        )
    if not events["high"]:
        raise Failure("cgroups.soft-limited-later", expected="high > 0", actual="high 0", evidence=evidence)
    return evidence


def _brake(ctx: Context) -> int:
    return int(ctx.parameters["brake"]) << 20


# cgroups/throttled


@check(task="cgroups/throttled")
def slow_has_a_fifth(ctx: Context) -> Evidence:
    """`slow` may use a fifth of one CPU."""
    said = state.says(ctx, state.made(ctx, "slow"), "cpu.max")
    quota, period = said.text.split()
    if quota == UNLIMITED:
        raise Failure("cgroups.cpu-unlimited", expected="20000 100000", actual=said.text, evidence=[said])
    if int(quota) * 5 != int(period):
        percent = f"{int(quota) * 100 / int(period):g}"
        raise Failure(
            "cgroups.cpu-share",
            expected="20000 100000",
            actual=said.text,
            evidence=[said],
            max=said.text,
            percent=percent,
        )
    return said


@check(task="cgroups/throttled")
def slow_was_throttled(ctx: Context) -> Evidence:
    """The kernel throttled what runs in `slow`."""
    slow = state.made(ctx, "slow")
    state.says(ctx, slow, "cpu.max")  # cpu.stat is there without the controller too, and counts no period then
    said = state.says(ctx, slow, "cpu.stat")
    stat = state.counts(said)
    if not stat["nr_throttled"]:
        raise Failure(
            "cgroups.not-throttled",
            expected="nr_throttled > 0",
            actual="nr_throttled 0",
            evidence=[said],
            usage=stat["usage_usec"],
        )
    return said


# cgroups/fork-bomb


@check(task="cgroups/fork-bomb")
def bomb_has_room_for_twenty(ctx: Context) -> Evidence:
    """The cgroup has room for as many processes as asked."""
    return _is_set(ctx, ctx.parameters["bomb"], "pids.max", ctx.parameters["room"])


@check(task="cgroups/fork-bomb")
def bomb_met_its_limit(ctx: Context) -> Iterable[Evidence]:
    """A fork was refused in it."""
    bomb = state.made(ctx, ctx.parameters["bomb"])
    # Before 6.11 a refusal was counted where the fork was tried, since then where the limit is.
    said = [state.says(ctx, bomb, "pids.events")]
    said += [state.says(ctx, below, "pids.events") for below in state.tree(bomb)[1:] if "pids" in below.controllers()]
    if not any(state.counts(one)["max"] for one in said):
        raise Failure("cgroups.fork-not-refused", expected="max > 0", actual=said[0].text, evidence=said)
    return said


@check(task="cgroups/fork-bomb")
def bomb_is_out(ctx: Context) -> Evidence:
    """Nothing runs in it any more."""
    bomb = state.made(ctx, ctx.parameters["bomb"])
    said = Evidence(bomb.source("cgroup.events"), bomb.read("cgroup.events"))
    if state.counts(said)["populated"]:
        left = [pid for cgroup in state.tree(bomb) for pid in state.procs(cgroup)]
        raise Failure(
            "cgroups.bomb-burns",
            expected="populated 0",
            actual="populated 1",
            evidence=[said, state.procs_evidence(ctx, bomb, left)],
            number=len(left),
        )
    return said


# cgroups/frozen


@remember(task="cgroups/frozen")
def the_ticker(ctx: Context) -> Mapping[str, Any]:
    return {"tickers": [one for one in _living(ctx, ctx.cgroup.child("ice")) if one[-1] == TICKER]}


@check(task="cgroups/frozen")
def ticker_lives_in_ice(ctx: Context) -> Iterable[Evidence]:
    """The `ticker` is still alive, and in `ice`."""
    ice = state.made(ctx, "ice")
    held = state.procs(ice)
    known = _remembered(ctx, "tickers") or [p for p in _living_here(ctx, "ice") if ctx.proc.comm(p.pid) == TICKER]
    if not known or not all(ctx.proc.is_alive(process) for process in known):
        raise Failure(
            "cgroups.ticker-died", expected="ticker", actual="-", evidence=[state.procs_evidence(ctx, ice, held)]
        )
    for process in known:
        if process.pid not in held:
            where = ctx.proc.cgroup(process.pid) or "-"
            raise Failure(
                "cgroups.ticker-moved",
                expected=ice.shown,
                actual=where,
                evidence=[state.procs_evidence(ctx, ice, held)],
                pid=ctx.proc.shown_pid(process.pid),
                where=where,
            )
    return [state.procs_evidence(ctx, ice, held)]


@check(task="cgroups/frozen")
def ice_is_frozen(ctx: Context) -> Evidence:
    """`ice` is frozen."""
    ice = state.made(ctx, "ice")
    said = Evidence(ice.source("cgroup.events"), ice.read("cgroup.events"))
    if not state.counts(said)["frozen"]:
        asked = Evidence(ice.source("cgroup.freeze"), ice.read("cgroup.freeze"))
        raise Failure("cgroups.not-frozen", expected="frozen 1", actual="frozen 0", evidence=[said, asked])
    return said


# cgroups/kill-all


@remember(task="cgroups/kill-all")
def the_crew_and_the_others(ctx: Context) -> Mapping[str, Any]:
    return {name: _living(ctx, ctx.cgroup.child(name)) for name in ("crew", "others")}


@check(task="cgroups/kill-all")
def crew_has_ended(ctx: Context) -> Iterable[Evidence]:
    """Everything that ran in `crew` and below it has ended."""
    crew = ctx.cgroup.child("crew")
    living = [process.pid for process in _remembered(ctx, "crew") if ctx.proc.is_alive(process)]
    inside = [pid for cgroup in state.tree(crew) for pid in state.procs(cgroup)] if crew.exists() else []
    left = list(dict.fromkeys(living + [pid for pid in inside if ctx.proc.process(pid)]))
    if left:
        pid = left[0]
        raise Failure(
            "cgroups.crew-lives",
            expected="-",
            actual=state.named(ctx, left),
            evidence=[
                Evidence(f"/proc/{ctx.proc.shown_pid(one)}/cgroup", f"0::{ctx.proc.cgroup(one)}") for one in left
            ],
            pid=ctx.proc.shown_pid(pid),
            name=ctx.proc.comm(pid) or "?",
            where=ctx.proc.cgroup(pid) or "-",
        )
    return [Evidence(crew.source("cgroup.events"), crew.read("cgroup.events"))] if crew.exists() else []


@check(task="cgroups/kill-all")
def others_live(ctx: Context) -> Iterable[Evidence]:
    """Everything in `others` still runs."""
    others = _remembered(ctx, "others") or _living_here(ctx, "others")
    dead = [process for process in others if not ctx.proc.is_alive(process)]
    if dead or not others:
        names = {pid: (shown, name) for pid, _, shown, name in ctx.remembered.get("others", ())}
        shown, name = names.get(dead[0].pid, (dead[0].pid, "?")) if dead else ("-", "-")
        raise Failure(
            "cgroups.others-died",
            expected=f"{name} ({shown})",
            actual="-",
            evidence=[Evidence(f"/proc/{shown}", "-")],
            pid=shown,
            name=name,
        )
    return [Evidence("/sys/fs/cgroup/others", state.named(ctx, (process.pid for process in others)))]


# What these checks share


def _is_set(ctx: Context, name: str, file: str, expected: str) -> Evidence:
    """That `file` of the cgroup `name` holds exactly the limit asked for."""
    said = state.says(ctx, state.made(ctx, name), file)
    if said.text != expected:
        otherwise = "room-otherwise" if file == "pids.max" else "limit-otherwise"
        raise Failure(
            "cgroups.limit-unset" if said.text == UNLIMITED else f"cgroups.{otherwise}",
            expected=expected,
            actual=said.text,
            evidence=[said],
            file=said.source,
            limit=expected,
            found=said.text,
        )
    return said


def _peak(cgroup: Cgroup) -> Evidence | None:
    """The most memory it ever had; None before Linux 5.19, which has no memory.peak."""
    try:
        return Evidence(cgroup.source("memory.peak"), cgroup.read("memory.peak"))
    except FileNotFoundError:
        return None


def _living(ctx: Context, top: Cgroup) -> list[list[int | str]]:
    """Each process in `top` and below it, as pid, start time, the pid the student knows, and name. Raises LookupError
    when there is none: then the scene is at fault."""
    pids = [pid for cgroup in state.tree(top) for pid in state.procs(cgroup)]
    found = [process for pid in pids if (process := ctx.proc.process(pid))]
    if not found:
        raise LookupError(f"nothing runs in {top.shown}")
    return [[p.pid, p.start_time, ctx.proc.shown_pid(p.pid), ctx.proc.comm(p.pid) or "?"] for p in found]


def _remembered(ctx: Context, name: str) -> list[Process]:
    """Those that `_living` noted; none where no scene was set."""
    return [Process(pid, start) for pid, start, *_ in ctx.remembered.get(name, ())]


def _living_here(ctx: Context, name: str) -> list[Process]:
    pids = [pid for cgroup in state.tree(ctx.cgroup.child(name)) for pid in state.procs(cgroup)]
    return [process for pid in pids if (process := ctx.proc.process(pid))]
