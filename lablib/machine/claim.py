"""Whose a chapter's work folder is: one lesson's at a time. Light: it is asked before the screen is painted.

Kept work lies in `$XDG_DATA_HOME/container-labs/work` (XDG Base Directory).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lablib.errors import LabsError, MachineError
from lablib.state import data_folder


def work_folder() -> Path:
    return Path(data_folder(), "work")


@contextmanager
def claimed(chapter: str) -> Iterator[Path]:
    """The folder that the work of `chapter` is kept in, for this process alone: two lessons would each undo what the
    other keeps. Raises LabsError when another has it, or when nothing can be kept there."""
    folder = work_folder()
    try:
        for made in (folder.parent, folder):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / f"{chapter}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise not_kept(folder, error) from error
    try:
        _lock(lock, chapter)
        yield folder
    finally:
        os.close(lock)


def not_kept(path: Path, error: OSError) -> MachineError:
    """What to raise where work cannot be kept at `path`."""
    return MachineError("work-not-kept", path=str(path), reason=error.strerror or str(error))


def _lock(descriptor: int, chapter: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LabsError("lesson-runs", chapter=chapter) from None
