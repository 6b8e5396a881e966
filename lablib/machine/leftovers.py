"""What a lab that was cut off left behind, found again and taken away.

A guest's keeper removes its folders even when the lab is killed, a host's warden all that it noted: only one that was
killed itself leaves something.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lablib.kernel.procfs import Process, ProcFS
from lablib.machine import orphans
from lablib.machine.agent import clearing
from lablib.machine.agent.clearing import Cleared
from lablib.machine.agent.journal import folder_of, paths
from lablib.machine.room import OWNER, PREFIX, candidates, identity
from lablib.machine.sweeping import sweep_as

_OWNER_BYTES = 100


@dataclass
class Swept:
    """What was found."""

    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Lines of a journal that lead out of what labs make; nothing was done about them."""
    stayed: list[str] = field(default_factory=list)
    """What could not be taken away, with the reason; the next to sweep tries again."""
    of_others: list[str] = field(default_factory=list)
    """What only root may look at."""


def sweep(folders: Iterable[Path] | None = None, *, everyone: bool = False) -> Swept:
    """Takes away what labs left whose process is gone: folders and, as root, what journals name. Those of other users
    are left alone, unless root asks for `everyone`. It may be called at any time, and by many at once."""
    me = os.geteuid()
    swept = Swept()
    for uid in (me, *(_users() if everyone and me == 0 else ())):
        _add(swept, clearing.sweep(folder_of(uid)) if uid == 0 else sweep_as(uid))
    for parent in set(candidates() if folders is None else folders):
        for folder in parent.glob(f"{PREFIX}*"):
            if folder.is_dir() and not folder.is_symlink():
                _sweep_folder(folder, swept, everyone=everyone)
    if me != 0:
        swept.of_others += paths(folder_of(0))
    return swept


def _add(swept: Swept, cleared: Cleared) -> None:
    swept.taken += cleared.taken
    swept.refused += cleared.refused
    swept.stayed += cleared.stayed


def _users() -> list[int]:
    """Those who are not root and may have journals."""
    return sorted(int(folder.name) for folder in Path("/run/user").glob("[1-9]*") if folder.name.isdigit())


def _sweep_folder(folder: Path, swept: Swept, *, everyone: bool) -> None:
    try:
        owner, uid = _owner(folder)
    except PermissionError:
        swept.of_others.append(str(folder))
        return
    except (OSError, ValueError):
        return  # not ours to judge: it may be just being made
    if uid != os.geteuid() and not everyone:
        swept.of_others.append(str(folder))
    elif _is_gone(owner):
        orphans.end(str(folder))
        try:
            _remove(folder)
            swept.taken.append(str(folder))
        except FileNotFoundError:
            return  # another who sweeps was quicker
        except OSError as error:
            swept.stayed.append(f"{folder}: {error.strerror}")


def _remove(folder: Path) -> None:
    """The file that says whose it is last: what somebody leaves who is cut off meanwhile is known still."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == OWNER):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    folder.rmdir()


def of_ours() -> set[str]:
    """What this process has on the machine because of labs: folders, child processes and mounts. Where nothing runs
    any more, what is there now and was not before was left behind."""
    pid = os.getpid()
    folders = {
        str(folder)
        for parent in set(candidates())
        for folder in parent.glob(f"{PREFIX}*")
        if _is_owned_by(folder, identity(pid))
    }
    proc = ProcFS()
    children = {f"{child} ({proc.comm(child)})" for child in proc.pids() if proc.parent(child) == pid}
    mounts = {mount.point for mount in proc.mounts(pid) if PREFIX in mount.point}  # the machine may have others made
    return folders | children | mounts


def _is_owned_by(folder: Path, owner: str) -> bool:
    try:
        return _owner(folder)[0] == owner
    except (OSError, ValueError):
        return False


def _owner(folder: Path) -> tuple[str, int]:
    """The process that `folder` says it belongs to, and the uid that wrote it there. Anybody may have made the folder,
    and put there a link or a pipe that holds us up. Raises OSError, ValueError."""
    descriptor = os.open(folder / OWNER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(folder)
        return file.read(_OWNER_BYTES).decode("ascii"), status.st_uid


def _is_gone(owner: str) -> bool:
    try:
        pid, start = map(int, owner.split())
    except ValueError:
        return False  # it is just being written
    return not ProcFS().is_alive(Process(pid, start))
