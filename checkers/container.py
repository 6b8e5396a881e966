"""The checks of the container chapter: one process that the student leaves running is judged, each part of what makes
it a container by a check of its own.

Which process that is, nobody has to say: of those that may be meant it is the one that has most of the parts. The parts
are never gathered from several.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable

from checkers import boxed
from checkers.boxed import Part
from checkers.sleeps import is_sleep
from lablib.kernel.procfs import Process
from lablib.verdict import Context, Evidence, Failure, check

CRUNS_STATE = "/run/crun"
_MAX_CANDIDATES = 8
_MAX_CONTAINERS = 64

_RIGHTS: tuple[Part, ...] = (boxed.few_capabilities, boxed.no_new_privileges, boxed.filtered)
_ROOT: tuple[Part, ...] = (boxed.overlay_root, boxed.old_root_gone)
PARTS: dict[str, tuple[Part, ...]] = {
    "own-root": (boxed.own_mounts, *_ROOT),
    "few-rights": _RIGHTS,
    "by-hand": (boxed.own_namespaces, *_ROOT, boxed.own_proc, boxed.limited, *_RIGHTS),
    "by-crun": (boxed.own_namespaces, boxed.limited, *_RIGHTS),
}
"""Of each task."""
_chosen: dict[str, tuple[weakref.ref[Context], Process]] = {}
"""By task, the process that was judged last and in which look: all checks of one look judge the same one."""


# container/own-root


@check(task="container/own-root")
def mounts_are_its_own(ctx: Context) -> Evidence:
    """A `sleep` runs in a mount namespace of its own."""
    return boxed.own_mounts(ctx, _sleep(ctx, "own-root"))


@check(task="container/own-root")
def root_is_an_overlay(ctx: Context) -> Evidence:
    """Its root is an overlay on /lab/image."""
    return boxed.overlay_root(ctx, _sleep(ctx, "own-root"))


@check(task="container/own-root")
def old_root_is_gone(ctx: Context) -> Evidence:
    """The old root is out of its reach."""
    return boxed.old_root_gone(ctx, _sleep(ctx, "own-root"))


# container/few-rights


@check(task="container/few-rights")
def capabilities_are_few(ctx: Context) -> Evidence:
    """A `sleep` has no capability that docker would take away, and none of its sets has."""
    return boxed.few_capabilities(ctx, _sleep(ctx, "few-rights"))


@check(task="container/few-rights")
def rights_cannot_grow(ctx: Context) -> Evidence:
    """It cannot gain privileges."""
    return boxed.no_new_privileges(ctx, _sleep(ctx, "few-rights"))


@check(task="container/few-rights")
def calls_are_filtered(ctx: Context) -> Evidence:
    """A seccomp filter is in force for it."""
    return boxed.filtered(ctx, _sleep(ctx, "few-rights"))


# container/by-hand


@check(task="container/by-hand")
def namespaces_are_its_own(ctx: Context) -> Evidence:
    """A `sleep` has mount, pid, uts, ipc and net namespaces of its own."""
    return boxed.own_namespaces(ctx, _sleep(ctx, "by-hand"))


@check(task="container/by-hand")
def box_root_is_an_overlay(ctx: Context) -> Evidence:
    """Its root is an overlay on /lab/image."""
    return boxed.overlay_root(ctx, _sleep(ctx, "by-hand"))


@check(task="container/by-hand")
def box_old_root_is_gone(ctx: Context) -> Evidence:
    """The old root is out of its reach."""
    return boxed.old_root_gone(ctx, _sleep(ctx, "by-hand"))


@check(task="container/by-hand")
def proc_is_its_own(ctx: Context) -> Evidence:
    """Its /proc shows its own pid namespace."""
    return boxed.own_proc(ctx, _sleep(ctx, "by-hand"))


@check(task="container/by-hand")
def box_is_limited(ctx: Context) -> Evidence:
    """Its cgroup allows at most 64 MiB and 32 processes."""
    return boxed.limited(ctx, _sleep(ctx, "by-hand"))


@check(task="container/by-hand")
def box_capabilities_are_few(ctx: Context) -> Evidence:
    """It has no capability that docker would take away."""
    return boxed.few_capabilities(ctx, _sleep(ctx, "by-hand"))


@check(task="container/by-hand")
def box_rights_cannot_grow(ctx: Context) -> Evidence:
    """It cannot gain privileges."""
    return boxed.no_new_privileges(ctx, _sleep(ctx, "by-hand"))


@check(task="container/by-hand")
def box_calls_are_filtered(ctx: Context) -> Evidence:
    """A seccomp filter is in force for it."""
    return boxed.filtered(ctx, _sleep(ctx, "by-hand"))


# container/by-crun


@check(task="container/by-crun")
def crun_runs_it(ctx: Context) -> Evidence:
    """crun runs a container, and it is a `sleep`."""
    pid = _of_crun(ctx)
    return Evidence(f"/proc/{ctx.proc.shown_pid(pid)}/comm", ctx.proc.comm(pid) or "-")


@check(task="container/by-crun")
def crun_gave_it_namespaces(ctx: Context) -> Evidence:
    """It has mount, pid, uts, ipc and net namespaces of its own."""
    return boxed.own_namespaces(ctx, _of_crun(ctx))


@check(task="container/by-crun")
def crun_limited_it(ctx: Context) -> Evidence:
    """Its cgroup allows at most 64 MiB and 32 processes."""
    return boxed.limited(ctx, _of_crun(ctx))


@check(task="container/by-crun")
def crun_left_few_capabilities(ctx: Context) -> Evidence:
    """It has no capability that docker would take away."""
    return boxed.few_capabilities(ctx, _of_crun(ctx))


@check(task="container/by-crun")
def crun_lets_no_rights_grow(ctx: Context) -> Evidence:
    """It cannot gain privileges."""
    return boxed.no_new_privileges(ctx, _of_crun(ctx))


@check(task="container/by-crun")
def crun_filters_calls(ctx: Context) -> Evidence:
    """A seccomp filter is in force for it."""
    return boxed.filtered(ctx, _of_crun(ctx))


# Which process is judged


def _sleep(ctx: Context, task: str) -> int:
    """The `sleep` of the student's that has most of the parts of `task`. Raises Failure where none runs."""
    return _once(ctx, task, _sleeps)


def _of_crun(ctx: Context) -> int:
    """The `sleep` that is the first process of a container of crun's. Raises Failure."""
    return _once(ctx, "by-crun", _sleeps_of_crun)


def _once(ctx: Context, task: str, find: Callable[[Context], list[Process]]) -> int:
    look, process = _chosen.get(task, (None, None))
    if look is None or look() is not ctx or process is None or not ctx.proc.is_alive(process):
        process = _nearest(ctx, find(ctx), PARTS[task])
        _chosen[task] = (weakref.ref(ctx), process)
    return process.pid


def _sleeps(ctx: Context) -> list[Process]:
    found = _newest(ctx, lambda pid: is_sleep(ctx, pid) and ctx.proc.is_shown(pid))
    if not found:
        raise Failure("container.no-sleep", expected="sleep", actual="-", evidence=[Evidence("/proc/*/comm", "-")])
    return found


def _sleeps_of_crun(ctx: Context) -> list[Process]:
    first = _firsts(ctx)
    if not first:
        evidence = [Evidence(CRUNS_STATE, "-")]
        raise Failure("container.crun-has-none", expected="sleep", actual="-", evidence=evidence)
    found = _newest(ctx, lambda pid: ctx.proc.is_shown(pid) and ctx.proc.shown_pid(pid) in first)
    if not found:
        names = ", ".join(first.values())
        evidence = [Evidence(f"{CRUNS_STATE}/{name}/status", str(pid)) for pid, name in first.items()]
        raise Failure("container.crun-has-ended", expected="sleep", actual="-", evidence=evidence, names=names)
    asleep = [process for process in found if is_sleep(ctx, process.pid)]
    if not asleep:
        raise _another(ctx, found[0].pid)
    return asleep


def _another(ctx: Context, pid: int) -> Failure:
    shown, name = ctx.proc.shown_pid(pid), ctx.proc.comm(pid) or "?"
    evidence = [Evidence(f"/proc/{shown}/comm", name)]
    if name.startswith("crun"):  # `crun run --detach` returns before, `crun create` long before
        return Failure("container.crun-is-still-there", expected="sleep", actual=name, evidence=evidence, pid=shown)
    key = "container.crun-runs-another"
    return Failure(key, expected="sleep", actual=name, evidence=evidence, pid=shown, name=name)


def _firsts(ctx: Context) -> dict[int, str]:
    """The containers that crun has noted, by the pid of their first process. Its notes say which process is meant, and
    nothing more: what that process is, the kernel says."""
    try:
        names = ctx.files.names(CRUNS_STATE)[:_MAX_CONTAINERS]
    except OSError:
        return {}
    found = {}
    for name in names:
        try:
            pid = json.loads(ctx.files.text(f"{CRUNS_STATE}/{name}/status"))["pid"]
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            continue  # another file, one that is just being written, or no note of crun's
        if isinstance(pid, int):
            found[pid] = name
    return found


def _newest(ctx: Context, wanted: Callable[[int], bool]) -> list[Process]:
    found = [process for pid in ctx.proc.pids() if wanted(pid) and (process := ctx.proc.process(pid))]
    return sorted(found, key=lambda process: (-process.start_time, -process.pid))[:_MAX_CANDIDATES]


def _nearest(ctx: Context, found: list[Process], parts: tuple[Part, ...]) -> Process:
    """Of those with as many parts, the newest."""
    if len(found) == 1:
        return found[0]
    return max(found, key=lambda process: sum(_has(ctx, process.pid, part) for part in parts))


def _has(ctx: Context, pid: int, part: Part) -> bool:
    try:
        part(ctx, pid)
    except (Failure, OSError):  # of one that ended just now nothing can be read
        return False
    return True
