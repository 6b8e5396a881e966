"""What a lab that was cut off left behind, found again and taken away.

A keeper removes its guest's folders even when the lab is killed; only a keeper that was killed itself leaves some.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

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


def _is_left_behind(folder: Path) -> bool:
    try:
        owner = (folder / OWNER).read_text(encoding="ascii")
        pid = int(owner.split()[0])
    except (OSError, ValueError, IndexError):
        return False  # not ours to judge: it may be just being made, or another user's
    try:
        return owner != identity(pid)
    except OSError:
        return True
