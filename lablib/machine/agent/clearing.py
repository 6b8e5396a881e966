"""Taking away what a journal names, the last first, and nothing else: a line that leads out of what labs make is
refused. Everything here may be done again, and be half done already."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lablib.kernel import keys, loop, syscalls
from lablib.kernel.cgroup2 import SUPER_MAGIC, file_system_magic
from lablib.kernel.mountinfo import parse
from lablib.kernel.procfs import Process, ProcFS
from lablib.machine.agent.journal import SUFFIX, Journal, Kind, paths
from lablib.machine.agent.subtree import PREFIX, kill_subtree

_END_SECONDS = 10.0
_LOOPS = re.compile(r"(?P<work>/.*?|-)(?P<before>( \d+:\d+:\d+)*)")
_CONTROLLER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


class Refused(Exception):
    """An entry names what no lab of ours makes."""


@dataclass
class Cleared:
    """What came of it, as lines of the journal."""

    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    stayed: list[str] = field(default_factory=list)
    """With the reason. They are tried again by whoever clears next."""


def clear(journal: Journal, cleared: Cleared) -> None:
    """Takes away what `journal` names, which must be claimed, and the journal itself, unless something stays. Raises
    OSError where the journal cannot be read."""
    stayed = len(cleared.stayed)
    for kind, what in reversed(journal.entries()):
        entry = f"{kind} {what}"
        try:
            if _KINDS.get(kind, _unknown)(what, journal.folder):
                cleared.taken.append(entry)
        except Refused:
            cleared.refused.append(entry)
        except OSError as error:
            cleared.stayed.append(f"{entry}: {error.strerror}")
    if len(cleared.stayed) == stayed:
        os.unlink(journal.path)
        try:
            os.rmdir(journal.folder)
        except OSError:
            pass  # another lab's is in it


def sweep(folder: str) -> Cleared:
    """Clears the journals below `folder` whose lab is gone; those of labs that run are left alone. Nothing where we may
    not look."""
    cleared = Cleared()
    for path in paths(folder) if is_ours(folder) else []:
        try:
            journal = Journal(path)
        except OSError:
            continue  # not for us, or gone meanwhile
        try:
            if journal.claim():
                clear(journal, cleared)
        finally:
            journal.close()
    return cleared


def is_ours(folder: str) -> bool:
    """Whether `folder` is one that we made: what anybody else can write to names anything."""
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _take_process(what: str, _folder: str) -> bool:
    """Ends a process, known by pid and start time, and waits until it is gone."""
    numbers = what.split()
    if len(numbers) != 2 or not all(number.isdigit() for number in numbers):
        raise Refused(what)
    process, proc = Process(*map(int, numbers)), ProcFS()
    if process.pid == os.getpid() or not proc.is_alive(process):
        return False
    try:
        os.kill(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False  # it ends by itself when its agent does, and was quicker
    end = time.monotonic() + _END_SECONDS
    while proc.is_alive(process):
        if time.monotonic() > end:
            raise TimeoutError(0, "it does not end")
        time.sleep(0.005)
    return True


def _take_cgroup(what: str, _folder: str) -> bool:
    path = Path(what)
    _hold_plain(path)
    if not path.name.startswith(PREFIX):
        raise Refused(what)
    if not path.exists():
        return False
    _hold_cgroup2(path)
    kill_subtree(path)
    return True


def _take_control(what: str, _folder: str) -> bool:
    """`+NAME CGROUP`: what was enabled for a lab is disabled, unless another uses it: the kernel refuses that then."""
    change, _, place = what.partition(" ")
    path = Path(place)
    _hold_plain(path)
    if change[:1] != "+" or not change[1:] or not _CONTROLLER.issuperset(change[1:]):
        raise Refused(what)
    if not path.exists():
        return False
    _hold_cgroup2(path)
    try:
        if change[1:] not in (path / "cgroup.subtree_control").read_text().split():
            return False
        (path / "cgroup.subtree_control").write_text(f"-{change[1:]}")
    except OSError:
        return False  # in use by others by now, and theirs
    return True


def _take_folder(what: str, folder: str) -> bool:
    """A lab's run folder, beside its journal. What is mounted in it is unmounted first and never entered."""
    path = Path(what)
    _hold_plain(path)
    if path.parent != Path(folder) or path.name.endswith(SUFFIX):
        raise Refused(what)
    if not path.exists():
        return False
    for point in sorted(_mounts_below(path), key=len, reverse=True):
        syscalls.umount2(point, syscalls.MNT_DETACH)
    shutil.rmtree(path)
    return True


def _take_loops(what: str, _folder: str) -> bool:
    """`WORK-FOLDER BEFORE…`: of the loop devices that were not there before, those whose file nobody can reach any
    more, as it lay in the lab's world, or lies in its work folder."""
    noted = _LOOPS.fullmatch(what)
    if noted is None:
        raise Refused(what)
    new = [one for one in loop.in_use() if str(one) not in noted["before"].split()]
    ours = [one for one in new if loop.is_orphan(one) or loop.is_below(one, noted["work"])]
    for one in ours:
        loop.detach(one)
    return bool(ours)


def _take_keys(what: str, _folder: str) -> bool:
    """What has come into root's keyring meanwhile, whoever put it there: the kernel does not tell."""
    before = what.split()
    if not all(key.isdigit() for key in before):
        raise Refused(what)
    ours = [key for key in keys.of_user() if str(key) not in before]
    for key in ours:
        keys.unlink_of_user(key)
    return bool(ours)


def _mounts_below(folder: Path) -> Iterator[str]:
    text = Path("/proc/self/mountinfo").read_text("utf-8", errors="surrogateescape")
    for mount in parse(text):
        if Path(mount.point).is_relative_to(folder):
            yield mount.point


def _unknown(what: str, _folder: str) -> bool:
    raise Refused(what)


def _hold_plain(path: Path) -> None:
    """Refuses what is not absolute, or passes by `..` or a link: it might lead anywhere."""
    if not path.is_absolute() or ".." in path.parts or path.is_symlink() or path.parent.resolve() != path.parent:
        raise Refused(str(path))


def _hold_cgroup2(path: Path) -> None:
    if file_system_magic(path) != SUPER_MAGIC:
        raise Refused(str(path))


_KINDS: dict[str, Callable[[str, str], bool]] = {
    Kind.PROCESS: _take_process,
    Kind.CGROUP: _take_cgroup,
    Kind.CONTROL: _take_control,
    Kind.FOLDER: _take_folder,
    Kind.LOOPS: _take_loops,
    Kind.KEYS: _take_keys,
}
