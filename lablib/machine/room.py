"""Where a guest's memory file and run folder can lie."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lablib.errors import MachineError

PREFIX = "container-labs-"
OWNER = "owner"
"""The file in each of our folders that names the process it belongs to."""
SLACK = 16 << 20


@dataclass(frozen=True)
class Room:
    """A folder looked at for a guest's memory, and why it will not do: a message key below `room.`, or nothing."""

    folder: Path
    problem: str = ""


def candidates() -> list[Path]:
    """Folders to try, best first: the user's own choice, memory, then disk."""
    chosen = os.environ.get("TMPDIR")
    return [Path(p) for p in ([chosen] if chosen else []) + ["/dev/shm", "/tmp", "/var/tmp"]]  # noqa: S108


def look(folder: Path, size: int) -> Room:
    """Whether `folder` can hold `size` bytes of memory that are executed from. User-Mode Linux maps its memory file
    executable, which a file system mounted noexec refuses; a full one ends it with a bus error."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return Room(folder, "missing")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Room(folder, "not-writable")
    if status.f_flag & os.ST_NOEXEC:
        return Room(folder, "noexec")
    if status.f_bavail * status.f_frsize < size + SLACK:
        return Room(folder, "too-small")
    return Room(folder)


def memory_folder(size: int, folders: Iterable[Path] | None = None) -> Path:
    """The first folder with room for `size` bytes of guest memory. Raises MachineError that says what is wrong with
    each."""
    rooms = [look(folder, size) for folder in (candidates() if folders is None else folders)]
    for room in rooms:
        if not room.problem:
            return room.folder
    tried = ", ".join(f"{room.folder} ({room.problem})" for room in rooms)
    raise MachineError("no-room", tried=tried, megabytes=size >> 20)


def run_folder() -> Path:
    """A new folder for one machine. Not below /dev: a guest's own devtmpfs would hide it from its first process.
    Raises MachineError."""
    chosen = os.environ.get("TMPDIR", "")
    usable = chosen and not chosen.startswith(("/dev/", "/proc/", "/sys/")) and os.access(chosen, os.W_OK | os.X_OK)
    return claimed_folder(Path(chosen if usable else "/tmp"))  # noqa: S108


def claimed_folder(parent: Path) -> Path:
    """A new folder in `parent` that says whose it is, so that it is known for a leftover once we are gone. Raises
    MachineError."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        (folder / OWNER).write_text(identity(os.getpid()), encoding="ascii")
    except OSError as error:
        raise MachineError("no-run-folder", reason=error.strerror or "", folder=str(parent)) from error
    return folder


def identity(pid: int) -> str:
    """A process for good, as `pid start-time`: pids are used again, start times are not. Raises OSError when it is
    gone."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return f"{pid} {stat.rpartition(') ')[2].split()[19]}"
