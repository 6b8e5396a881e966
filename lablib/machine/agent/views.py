"""What of the machine can be looked at live: each view is read anew and sent as one frame of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.procfs import ProcFS
from lablib.machine.wire import MAX_PAYLOAD
from lablib.verdict import Context

MAX_CGROUPS = 200
MAX_PROCESSES = 12
"""Of one cgroup; how many there are in all is said besides."""
_EXAMINED = 64
"""Processes of one cgroup that are looked at one by one; in the root the kernel's own threads come first."""


def cgroups(context: Context) -> bytes:
    """The tree of cgroups, parents first: `[[depth, name, controllers, number of processes, [[pid, name], …]], …]`, the
    pids as the student knows them. What does not fit in a frame is left out."""
    rows: list[list[Any]] = []
    size = 2
    for row in _rows(context.cgroup, context.proc, 0):
        size += len(json.dumps(row)) + 2
        if size > MAX_PAYLOAD or len(rows) == MAX_CGROUPS:
            break
        rows.append(row)
    return json.dumps(rows).encode()


VIEWS: Mapping[str, Callable[[Context], bytes]] = {"cgroups": cgroups}


def _rows(cgroup: Cgroup, proc: ProcFS, depth: int) -> Iterator[list[Any]]:
    try:
        # 0 is a process outside the student's pid namespace and ours; the agent itself is not the student's to see.
        found = [pid for pid in cgroup.procs() if pid]
        pids = [pid for pid in found[:_EXAMINED] if proc.is_shown(pid)] + found[_EXAMINED:]
        controllers, children = sorted(cgroup.controllers()), cgroup.children()
    except OSError:  # it is just being removed, or threaded, so that cgroup.procs cannot be read
        pids, controllers, children = [], [], ()
    shown = [[proc.shown_pid(pid), proc.comm(pid) or "?"] for pid in pids[:MAX_PROCESSES]]
    yield [depth, cgroup.name if depth else "/", controllers, len(pids), shown]
    for child in children:
        yield from _rows(child, proc, depth + 1)
