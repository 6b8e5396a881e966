"""The process between us and a guest: it confines and starts the guest's kernel, and ends it and removes its folders
when the guest ends or when we do, however we end. A `kill -9` of the lab leaves nothing behind.

    labs ──line── guest kernel        the lifeline is a pipe that only our side holds open:
     │  └─lifeline─┐   │              its end means that we are gone
     └─── keeper ──┴───┘
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lablib.kernel import syscalls
from lablib.machine.confinement import Confinement

CONFINEMENT_FAILED = 97
"""The exit status of a kernel process that could not be confined or started; the reason is on its console."""


class Keep(NamedTuple):
    """What the keeper is asked to keep. Paths and numbers only: it crosses an exec as JSON."""

    command: Sequence[str]
    environment: Mapping[str, str]
    cpu: int
    readable: Sequence[str]
    writable: Sequence[str]
    removed: Sequence[str]
    """Folders to remove at the end."""
    memory: int
    landlock_abi: int
    uid: int | None
    lifeline: int
    ready: int
    """Where a byte comes once all that the guest reads is in place: a kernel may be up before."""
    kept_open: Sequence[int]
    """Descriptors the guest's kernel inherits."""


def main() -> None:
    """Runs as the keeper; exits with the status of the guest's kernel."""
    keep = Keep(**json.loads(sys.argv[2]))
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    asked_to_end, end = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(end, b"x"))
    kernel = os.fork()
    if kernel == 0:
        _become_kernel(keep)
    for descriptor in (keep.ready, *keep.kept_open):
        os.close(descriptor)
    ended = os.pidfd_open(kernel)
    select.select([ended, keep.lifeline, asked_to_end], [], [])
    _end_group(kernel)
    status = _reap_all(kernel)
    import shutil  # dear to load, and needed only now

    for folder in keep.removed:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(max(0, os.waitstatus_to_exitcode(status)))


def _become_kernel(keep: Keep) -> None:
    try:
        os.setsid()
        os.sched_setaffinity(0, {keep.cpu})
        confinement = Confinement(
            tuple(map(Path, keep.readable)),
            tuple(map(Path, keep.writable)),
            keep.memory,
            keep.landlock_abi,
            keep.uid,
        )
        confinement.apply()
        # Last, since setresuid(2) clears it; the keeper may have died before it was set.
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1 or not os.read(keep.ready, 1):
            os._exit(CONFINEMENT_FAILED)
        os.close(keep.ready)
        os.execvpe(keep.command[0], list(keep.command), dict(keep.environment))
    except BaseException as error:
        sys.stderr.write(f"labs: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(CONFINEMENT_FAILED)


def _reap_all(kernel: int) -> int:
    """Waits until every process of the guest is gone (its helpers are ours now, as their subreaper); the kernel's
    wait status."""
    result = 0
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return result
        if pid == kernel:
            result = status


def _end_group(kernel: int) -> None:
    """The kernel's main process alone would leave helpers behind."""
    try:
        os.killpg(kernel, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has ended, and nothing of its session is left
