"""The process between us and a guest: it confines and starts the guest's kernel, and ends it and removes its folders
when the guest ends or when we do, however we end. A `kill -9` of the lab leaves nothing behind.

    labs ──line── guest kernel        the lifeline is a pipe that only our side holds open:
     │  └─lifeline─┐   │              its end means that we are gone
     └─── keeper ──┴───┘

It is started first and told what to do when that is known (`Order`), so that Python starts while we prepare; hence it
imports as little as it can.
"""

from __future__ import annotations

import marshal
import os
import select
import sys

from lablib.kernel import landlock, seccomp, syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from typing import TypedDict

    class Cell(TypedDict):
        """What a process does to itself so as to be confined; see `confinement`, which decides it."""

        limits: Sequence[tuple[int, int]]
        """setrlimit(2): which, and how much at most."""
        landlock_abi: int
        rules: Sequence[landlock.Rule]
        uid: int | None
        groups: Sequence[int]
        filter: bytes
        """A seccomp filter, as seccomp(2) loads it."""

    class Order(TypedDict):
        """What a keeper is to do, marshalled."""

        program: str
        """The guest's kernel. It may lie where the guest's own uid does not reach."""
        options: Sequence[str]
        environment: Mapping[str, str]
        folder: str
        """Where it starts."""
        cpus: Sequence[int]
        cell: Cell
        run: str
        """The run folder, where the session of the guest is noted (`orphans.py`)."""
        removed: Sequence[str]
        """Folders to remove at the end."""
        kept_open: Sequence[int]
        """Descriptors that the guest's kernel inherits."""

else:
    import _signal as signal  # `signal` makes enumerations of its constants first

SESSION = "session"
"""The file of a run folder with the guest's session and the start time of the process that leads it."""
FAILED = 97
"""The exit status of a kernel process that could not be confined or started; the reason is on its console."""


def main() -> None:
    """Runs as the keeper, with the lifeline and where the order comes from as arguments behind the project's folder;
    exits with the status of the guest's kernel."""
    lifeline, orders = map(int, sys.argv[2:])
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    asked_to_end, end = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(end, b"x"))
    with open(orders, "rb") as source:
        text = source.read()
    if not text:  # whoever started us has ended, or could not prepare
        from lablib.machine.leftovers import sweep  # dear to load

        sweep()
        return
    order: Order = marshal.loads(text)  # noqa: S302 - ours
    keeper = os.getpid()
    kernel = os.fork()
    if kernel == 0:
        _become_kernel(order, keeper)
    for descriptor in order["kept_open"]:
        os.close(descriptor)
    ended = os.pidfd_open(kernel)
    select.select([ended, lifeline, asked_to_end], [], [])
    _end_group(kernel)
    status = _reap_all(kernel)
    import shutil  # dear to load, and needed only now

    for folder in order["removed"]:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(max(0, os.waitstatus_to_exitcode(status)))


def confine(cell: Cell) -> None:
    """Confines this process and all it executes, for good. Raises OSError."""
    import resource

    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    for which, value in cell["limits"]:
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    if cell["landlock_abi"]:
        landlock.restrict_self(cell["rules"], cell["landlock_abi"])
    if cell["uid"] is not None:
        os.setgroups(cell["groups"])
        os.setresgid(cell["uid"], cell["uid"], cell["uid"])
        os.setresuid(cell["uid"], cell["uid"], cell["uid"])
    seccomp.set_mode_filter(cell["filter"])


def _become_kernel(order: Order, keeper: int) -> None:
    try:
        os.setsid()
        _note_session(order["run"])
        os.chdir(order["folder"])
        os.sched_setaffinity(0, order["cpus"])
        program = os.open(order["program"], os.O_RDONLY | os.O_CLOEXEC)
        confine(order["cell"])
        # Last, since setresuid(2) clears it; the keeper may have died before it was set.
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(FAILED)
        os.execve(program, [order["program"], *order["options"]], dict(order["environment"]))
    except BaseException as error:
        sys.stderr.write(f"labs: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(FAILED)


def _note_session(run: str) -> None:
    """Should we be killed, the kernel ends with us, and what it made is found by this. Its own module would be imported
    for it, and wait we do not."""
    with open("/proc/self/stat", "rb") as file:
        start = file.read().rpartition(b") ")[2].split()[19]
    with open(f"{run}/{SESSION}", "xb", buffering=0) as file:
        file.write(b"%d %s" % (os.getpid(), start))


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
