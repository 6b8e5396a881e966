"""What outlives a guest whose keeper was killed: User-Mode Linux's main process goes with its keeper, the helpers it
made do not, and they hold the guest's memory and its line for ever. So the session they all are in is noted in the run
folder before it begins (`keeper.py`)."""

from __future__ import annotations

import os
import signal
import stat

from lablib.kernel.procfs import ProcFS
from lablib.machine.keeper import SESSION

_BYTES = 100


def end(folder: str) -> None:
    """Ends whatever is left of the session noted in `folder`. It has the number of the process that led it as long as
    one is in it, so what began before that process is of another. Anybody may have written there: of a user who is not
    root only processes of the same user are meant."""
    try:
        leader, start, uid = _noted(folder)
    except (OSError, ValueError):
        return  # it had not begun, or was cleared up
    proc = ProcFS()
    while found := [pid for pid in proc.pids() if proc.session(pid) == leader and _is_meant(proc, pid, start, uid)]:
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            except PermissionError:
                return


def _is_meant(proc: ProcFS, pid: int, start: int, uid: int) -> bool:
    process = proc.process(pid)
    if process is None or process.start_time < start:
        return False
    try:
        return uid in (0, os.stat(f"/proc/{pid}").st_uid)
    except OSError:
        return False


def _noted(folder: str) -> tuple[int, int, int]:
    descriptor = os.open(f"{folder}/{SESSION}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(folder)
        leader, start = map(int, file.read(_BYTES).split())
        return leader, start, status.st_uid
