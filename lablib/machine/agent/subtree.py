"""A lab's cgroups on a host: named so that they are known again, and taken away whole."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from lablib.kernel.cgroup2 import find_cgroup2
from lablib.machine.agent.journal import Journal, Kind, paths

SYSTEMD = "run/systemd/system"
"""There where systemd booted the machine: sd_booted(3)."""
PREFIX = "container-labs-"
_KILL_SECONDS = 10.0


def own_base(*, booted_with_systemd: bool) -> Path:
    """The cgroup below which the lab's own begins: the scope that systemd delegated to us, which we leave for a leaf of
    it, or the root. Raises OSError."""
    hierarchy = find_cgroup2()
    if hierarchy is None:
        raise OSError("no cgroup2 is mounted here")
    own = hierarchy / Path("/proc/self/cgroup").read_text().rpartition("0::/")[2].strip()
    if own == hierarchy or not booted_with_systemd:
        return hierarchy
    leaf = own / "agent"
    leaf.mkdir(exist_ok=True)
    (leaf / "cgroup.procs").write_text("0")
    return own


def make_subtree(base: Path, journal: Journal) -> Path:
    """The lab's cgroup, with every controller that there is here."""
    known = _controlled_for_others(base, journal)
    enabled = set((base / "cgroup.subtree_control").read_text().split()) - known
    for name in controllers(base):
        if name not in enabled:
            journal.note(Kind.CONTROL, f"+{name} {base}")
            control(base, f"+{name}")
    subtree = base / f"{PREFIX}{journal.name}"
    journal.note(Kind.CGROUP, str(subtree))
    subtree.mkdir()
    return subtree


def _controlled_for_others(base: Path, journal: Journal) -> set[str]:
    """The controllers that are enabled for labs alone: the last of these to end is to disable them."""
    names = set()
    for path in paths(journal.folder):
        try:
            other = Journal(path)
        except OSError:
            continue  # it has just ended
        for kind, what in other.entries() if path != journal.path else []:
            change, _, place = what.partition(" ")
            if kind == Kind.CONTROL and place == str(base):
                names.add(change.removeprefix("+"))
        other.close()
    return names


def controllers(cgroup: Path) -> list[str]:
    return (cgroup / "cgroup.controllers").read_text().split()


def control(cgroup: Path, change: str) -> bool:
    """Whether the kernel took it: a controller may be in use elsewhere, or not be able to (cpu, with RT processes)."""
    try:
        (cgroup / "cgroup.subtree_control").write_text(change)
        return True
    except OSError:
        return False


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
