"""The views of processes: which namespaces each is in, and which filters of system calls it has.

Source: namespaces(7), proc_pid_status(5).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from checkers.containers import students
from lablib.verdict import Context

KINDS = ("uts", "pid", "mnt", "net", "ipc", "user", "cgroup", "time")
MAX_PROCESSES = 300


def namespaces(context: Context) -> Iterator[tuple[str, Any] | None]:
    """For each process, by the pid that the student knows it by: `[name, [number or null, …], [pid, …]]`, the inode
    numbers of its namespaces in the order of `KINDS`, and its pids in each pid namespace from the student's down."""
    for pid in _alive(context):
        yield None
        numbers = [_number(context.proc.namespace(pid, kind)) for kind in KINDS]
        shown = context.proc.shown_pids(pid)
        if shown and numbers[0] is not None:
            yield str(shown[0]), [context.proc.comm(pid) or "?", numbers, list(shown)]


def filters(context: Context) -> Iterator[tuple[str, Any] | None]:
    """For each process, by the pid that the student knows it by: `[name, Seccomp, Seccomp_filters, NoNewPrivs]`; the
    number of filters is null where the kernel does not tell it (before Linux 5.9)."""
    for pid in _alive(context):
        yield None
        status = context.proc.status(pid) or {}
        shown = status.get("NSpid", "").split()[context.proc.depth :]
        if shown:
            count = status.get("Seccomp_filters")
            numbers = [int(status.get(name, 0)) for name in ("Seccomp", "NoNewPrivs")]
            yield shown[0], [status.get("Name", "?"), numbers[0], int(count) if count else None, numbers[1]]


def _alive(context: Context) -> Iterator[int]:
    alive = (pid for pid in students(context) if context.proc.process(pid))
    return islice(alive, MAX_PROCESSES)


def _number(link: str | None) -> int | None:
    """Of `uts:[4026531838]`."""
    inode = (link or "").partition("[")[2].rstrip("]")
    return int(inode) if inode.isdigit() else None
