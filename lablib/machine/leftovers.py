"""What a lab that was cut off left behind, found again and taken away.

A keeper removes its guest's folders even when the lab is killed; only a keeper that was killed itself leaves some.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from lablib.kernel.procfs import ProcFS
from lablib.machine.host import sweep_cgroups
from lablib.machine.room import OWNER, PREFIX, candidates, identity


def sweep(folders: Iterable[Path] | None = None) -> list[str]:
    """Removes the folders and cgroups of labs whose process is gone, and says what it took away. Those of other users
    are left alone."""
    taken = sweep_cgroups()
    for parent in set(candidates() if folders is None else folders):
        for folder in parent.glob(f"{PREFIX}*"):
            if folder.is_dir() and not folder.is_symlink() and _is_left_behind(folder):
                shutil.rmtree(folder, ignore_errors=True)
                if not folder.exists():
                    taken.append(str(folder))
    return taken


def of_ours() -> set[str]:
    """What this process has on the machine because of labs: folders, child processes and mounts. Where nothing runs
    any more, what is there now and was not before was left behind."""
    pid = os.getpid()
    folders = {
        str(folder)
        for parent in set(candidates())
        for folder in parent.glob(f"{PREFIX}*")
        if _owner(folder) == identity(pid)
    }
    proc = ProcFS()
    children = {f"{child} ({proc.comm(child)})" for child in proc.pids() if proc.parent(child) == pid}
    return folders | children | {mount.point for mount in proc.mounts(pid)}


def _owner(folder: Path) -> str:
    try:
        return (folder / OWNER).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _is_left_behind(folder: Path) -> bool:
    owner = _owner(folder)
    try:
        pid = int(owner.split()[0])
    except (ValueError, IndexError):
        return False  # not ours to judge: it may be just being made, or another user's
    try:
        return owner != identity(pid)
    except OSError:
        return True
