"""Where a running lesson's socket is: `CHAPTER.PID` in `$XDG_RUNTIME_DIR/container-labs` (XDG Base Directory), or in
the user's state folder where there is no runtime folder. The folder, and so what is in it, is its owner's alone."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lablib.errors import LabsError
from lablib.state import state_folder

_WAITING = 8
"""Terminals that may wait to be heard."""


class RunningLab(NamedTuple):
    """A lesson that offers a socket."""

    chapter: str
    pid: int
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.chapter}.{self.pid}"


def running_labs(chapter: str = "") -> list[RunningLab]:
    """The lessons of this user that run, or those of `chapter`. What is left of others is removed."""
    found = []
    for folder in _folders():
        if not _is_own(folder):
            continue
        for path in sorted(folder.iterdir()):
            name, _, pid = path.name.rpartition(".")
            if not (name and pid.isdigit() and path.is_socket()):
                continue
            if not Path("/proc", pid).exists():
                path.unlink(missing_ok=True)
            elif chapter in ("", name):
                found.append(RunningLab(name, int(pid), folder))
    return found


def listen(chapter: str) -> tuple[socket.socket, RunningLab]:
    """A socket for the lesson of `chapter` that this process is, and where it is. Raises LabsError."""
    folder = _folders()[0]
    lab = RunningLab(chapter, os.getpid(), folder)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        for made in (folder.parent, folder):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(folder):
            raise PermissionError("the folder is not its owner's alone")
        running_labs()  # takes away what is left of others
        with _short_path(lab) as path:
            Path(path).unlink(missing_ok=True)  # of an earlier process with this pid
            listening.bind(path)
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        raise LabsError("attach-failed", folder=str(folder), reason=error.strerror or str(error)) from error
    return listening, lab


def connect(lab: RunningLab) -> socket.socket:
    """Raises LabsError when nobody listens any more."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short_path(lab) as path:
            connection.connect(path)
    except OSError as error:
        connection.close()
        raise LabsError("lab-silent", chapter=lab.chapter, pid=lab.pid) from error
    return connection


def remove(lab: RunningLab) -> None:
    (lab.folder / lab.name).unlink(missing_ok=True)


def is_same_user(connection: socket.socket) -> bool:
    """Whether the other side runs as who we run as. Source: unix(7), SO_PEERCRED."""
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.geteuid())


def _folders() -> list[Path]:
    """Where sockets may be, the best place first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "") or f"/run/user/{os.geteuid()}"
    own = [Path(runtime, "container-labs")] if runtime.startswith("/") and _may_write(Path(runtime)) else []
    return [*own, Path(state_folder(), "attach")]


def _may_write(folder: Path) -> bool:
    """Whether `folder` is a runtime folder as the specification wants it: ours, and nobody else's to write."""
    try:
        status = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _is_own(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


@contextmanager
def _short_path(lab: RunningLab) -> Iterator[str]:
    """A path of the socket that fits: an address has 108 bytes (unix(7)), a folder's path may have more."""
    folder = os.open(lab.folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield f"/proc/self/fd/{folder}/{lab.name}"
    finally:
        os.close(folder)
