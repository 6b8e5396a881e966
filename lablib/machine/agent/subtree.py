"""A lab's cgroups on a host: named so that they are known again, and taken away whole."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "container-labs-"
_KILL_SECONDS = 10.0


def kill_subtree(subtree: Path) -> None:
    """Kills what runs in `subtree` and removes it, children first. Raises OSError if something of it stays."""
    end = time.monotonic() + _KILL_SECONDS
    while True:
        try:
            _kill(subtree)
            _remove(subtree)
            return
        except FileNotFoundError:
            if not subtree.exists():
                return
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(0.02)  # a killed process leaves its cgroup when it is reaped


def _kill(subtree: Path) -> None:
    """cgroup.kill, where the kernel has it (5.14) and the cgroup is no threaded one: it also ends what is frozen, and
    what is just being forked. Else all is frozen first, so that nothing is, and thawed so as to end."""
    try:
        (subtree / "cgroup.kill").write_text("1")
        return
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.EOPNOTSUPP):
            raise
    folders = [Path(folder) for folder, _, _ in os.walk(subtree)]
    _write(subtree / "cgroup.freeze", "1")
    for pid in (pid for folder in folders for pid in processes(folder)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for folder in folders:
        _write(folder / "cgroup.freeze", "0")


def is_frozen(cgroup: Path) -> bool:
    """Whether every process in it and below is at rest. Raises OSError when it is gone."""
    return "frozen 1" in (cgroup / "cgroup.events").read_text().splitlines()


def processes(cgroup: Path) -> Iterator[int]:
    """Those in `cgroup` itself; none where it is gone. Of a threaded one, whose cgroup.procs cannot be read
    (cgroups(7)), the threads: a signal for one is for its process."""
    for name in ("cgroup.procs", "cgroup.threads"):
        try:
            lines = (cgroup / name).read_text().split()
        except OSError:
            continue  # threaded, or gone meanwhile
        yield from (int(pid) for pid in lines if pid != "0")
        return


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError:
        pass  # an older kernel has no such file; then a fork may escape a round, and the next one finds it


def _remove(subtree: Path) -> None:
    for folder, _, _ in os.walk(subtree, topdown=False):
        os.rmdir(folder)
