"""The containers that the scenes of the namespaces chapter start, and which namespaces a process is in: what its checks
share."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lablib.kernel.procfs import Process
from lablib.verdict import Context, Evidence, Failure

KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")
CHILDREN = "pid_for_children"
"""The pid namespace that children to come will be in; a process itself never changes its own."""
WEB: tuple[str, ...] = ("httpd", "-f", "-p", "8080", "-h", "/www")
SLIM: tuple[str, ...] = ("httpd", "-f", "-p", "9090", "-h", "/srv")
NAMES = {WEB: "web", SLIM: "slim"}
"""What the first process of a container of the scenes is started as, and the container's host name."""


def students(ctx: Context) -> Iterator[int]:
    """The student's processes, and such as are about to end. On a guest they are all that are not in our own pid
    namespace: one link says so, where `is_shown` reads a file of each of the kernel's many threads."""
    ours = ctx.proc.namespace(os.getpid(), "pid") if ctx.proc.depth else None
    for pid in ctx.proc.pids():
        if ctx.proc.namespace(pid, "pid") not in (ours, None):
            yield pid


def first_process(ctx: Context) -> int | None:
    """What the student knows as process 1: it is in the namespaces that their first shell is in."""
    return next((pid for pid in students(ctx) if ctx.proc.shown_pids(pid) == (1,)), None)


def containers(ctx: Context) -> Iterator[Process]:
    """The first processes of containers that a scene started."""
    for pid in elsewhere(ctx, "pid"):
        if ctx.proc.cmdline(pid) in NAMES and ctx.proc.shown_pids(pid)[1:] == (1,):
            process = ctx.proc.process(pid)
            if process is not None:
                yield process


def remembered(ctx: Context, arguments: tuple[str, ...]) -> Mapping[str, Any]:
    """The first process of a container, as pid and start time. Raises LookupError when there is none: then the scene
    is at fault."""
    for process in containers(ctx):
        if ctx.proc.cmdline(process.pid) == arguments:
            return {"container": [process.pid, process.start_time]}
    raise LookupError("no container in the scene")


def container_of(ctx: Context, arguments: tuple[str, ...]) -> Process:
    """The first process of the remembered container; where no scene was set, of one that runs here. Raises Failure."""
    name = NAMES[arguments]
    if "container" in ctx.remembered:
        container = Process(*ctx.remembered["container"])
        if ctx.proc.is_alive(container):
            return container
    else:
        for container in containers(ctx):
            if ctx.proc.cmdline(container.pid) == arguments:
                return container
    evidence = [Evidence("/proc/*/cmdline", "-")]
    raise Failure("namespaces.no-container", expected=" ".join(arguments), actual="-", evidence=evidence, name=name)


def outer_namespace(ctx: Context, kind: str) -> str:
    """The namespace that the student's first shell is in."""
    first = first_process(ctx)
    return (ctx.proc.namespace(first, kind) if first else None) or "-"


def own_kinds(ctx: Context, pid: int) -> frozenset[str]:
    """The kinds of namespace in which `pid` is not where the student's first shell is."""
    first = first_process(ctx)
    if first is None:
        return frozenset()
    return frozenset(kind for kind in KINDS if ctx.proc.namespace(pid, kind) != ctx.proc.namespace(first, kind))


def elsewhere(ctx: Context, kind: str) -> Iterator[int]:
    """The student's processes that are in another namespace of `kind` than their first shell."""
    outer = outer_namespace(ctx, kind)
    for pid in students(ctx):
        if ctx.proc.namespace(pid, kind) not in (outer, None) and ctx.proc.process(pid) is not None:
            yield pid


def pid_namespace_of_proc(ctx: Context, pid: int) -> str | None:
    """The pid namespace whose processes `/proc` shows to `pid`; None where no whole proc file system is there."""
    mounts = ctx.proc.mounts(pid)
    at_proc = [mount for mount in mounts if mount.point == "/proc"]
    if not at_proc or (at_proc[-1].type, at_proc[-1].root) != ("proc", "/"):
        return None
    if any(f"{mount.point}/".startswith("/proc/1/") for mount in mounts):
        return None  # something lies over the process that is looked at next
    try:
        return ctx.proc.files(pid).link("/proc/1/ns/pid")
    except OSError:
        return None


def old_proc(ctx: Context, pid: int) -> Failure:
    evidence = [links(ctx, pid, ("pid",)), proc_evidence(ctx, pid)]
    params = named(ctx, pid)
    expected = ctx.proc.namespace(pid, "pid") or "-"
    return Failure("namespaces.old-proc", expected=expected, actual=evidence[1].text, evidence=evidence, **params)


def proc_evidence(ctx: Context, pid: int) -> Evidence:
    source = f"/proc/{ctx.proc.shown_pid(pid)}/root/proc/1/ns/pid"
    return Evidence(source, pid_namespace_of_proc(ctx, pid) or "-")


def no_sleep(ctx: Context, pid: int, evidence: Evidence) -> Failure:
    """`pid` is where a sleep should be."""
    name = ctx.proc.comm(pid) or "?"
    return Failure("namespaces.not-a-sleep", expected="sleep", actual=name, evidence=[evidence], **named(ctx, pid))


def named(ctx: Context, pid: int) -> dict[str, str | int]:
    """How a sentence speaks of a process."""
    return {"pid": ctx.proc.shown_pid(pid), "name": ctx.proc.comm(pid) or "?"}


def links(ctx: Context, pid: int, kinds: Collection[str]) -> Evidence:
    """What its links in /proc/PID/ns say."""
    said = [f"{kind}: {ctx.proc.namespace(pid, kind) or '-'}" for kind in sorted(kinds)]
    return Evidence(f"/proc/{ctx.proc.shown_pid(pid)}/ns", "\n".join(said))


def nspid(ctx: Context, pid: int) -> Evidence:
    numbers = ctx.proc.shown_pids(pid)
    return Evidence(f"/proc/{numbers[0] if numbers else pid}/status", f"NSpid: {' '.join(map(str, numbers))}")
