"""The student's work folder, read out and put back by the agent itself: nothing of it runs in the student's world.

The folder is hostile. It is looked at in the agent's own mount namespace, where a mount on it is not seen; no symbolic
link is followed on the way to it or in it; only files, folders and symbolic links are taken, each opened without
waiting; what is taken is bounded.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from _blake2 import blake2b  # hashlib would load OpenSSL
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from lablib.machine.agent.tar import END, FILE, FOLDER, LINK, Member, filling, header, members

MAX_BYTES = 16 << 20
"""Of the archive, headers included."""
MAX_ENTRIES = 10_000
MAX_PATH = 1000
MAX_DEPTH = 32
"""Folders within folders; each is held open while it is walked."""
CHUNK = 16384
_PAUSE = 64
"""Entries looked at before others may go on."""
_TICK = 20_000_000
"""Nanoseconds. A file changed twice within a tick of the kernel's clock (inode timestamps, CONFIG_HZ of 100) has the
time of the first change: a change so short ago may hide another one."""
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_REPLACED = {errno.ENOENT, errno.ELOOP, errno.EINVAL, errno.ENXIO}
"""What a name that is no file, or no link, any more is answered with (open(2), readlink(2))."""

Answer = dict[str, Any]
"""`fingerprint` of what was read or put back, or `problem`: too-large, no-folder, broken, or failed for a `reason`."""


class _TooLarge(Exception):
    """There is more than is kept."""


class _Found(NamedTuple):
    path: bytes
    """From the work folder."""
    folder: int
    """A descriptor of the folder it is in."""
    status: os.stat_result

    @property
    def name(self) -> bytes:
        return self.path.rpartition(b"/")[2]


def save(root: Path, folder: str, kept: str) -> Generator[bytes, None, Answer]:
    """The archive of `folder` below `root` in pieces, if its fingerprint is not `kept` any more. An empty piece is a
    moment for others to go on. Returns the answer."""
    try:
        lab = _open_folder(root, folder)
    except OSError:
        return {"problem": "no-folder"}
    try:
        if kept and (yield from _fingerprint(lab)) == kept:
            return {"fingerprint": kept}
        return {"fingerprint": (yield from _pack(lab))}
    except _TooLarge:
        return {"problem": "too-large"}
    except OSError as error:
        return {"problem": "failed", "reason": f"{error.filename or folder!r}: {error.strerror}"}
    finally:
        os.close(lab)


def restore(root: Path, folder: str, archive: str) -> Answer:
    """Unpacks `archive` into `folder` below `root`, which is empty, while no code of the student's runs."""
    try:
        with open(archive, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        found = members(content)
        if len(content) > MAX_BYTES or len(found) > MAX_ENTRIES:
            return {"problem": "too-large"}
    except (OSError, ValueError):
        return {"problem": "broken"}
    try:
        _unpack(os.fsencode(f"{root}{folder}"), content, found)
        lab = _open_folder(root, folder)
        try:
            return {"fingerprint": _run_out(_fingerprint(lab))}
        finally:
            os.close(lab)
    except (OSError, _TooLarge) as error:
        return {"problem": "failed", "reason": str(error)}


def _open_folder(root: Path, folder: str) -> int:
    """Opens `folder` below `root` without following a link. Raises OSError."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in folder.strip("/").split("/"):
        try:
            there = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _SAFELY, dir_fd=here)
        finally:
            os.close(here)
        here = there
    return here


def _walk(lab: int) -> Iterator[_Found]:
    """What is taken of `lab`, folders before what is in them, in the order of their names. Raises _TooLarge."""
    for number, found in enumerate(_walk_folder(lab, b"", 1)):
        if number == MAX_ENTRIES or len(found.path) > MAX_PATH:
            raise _TooLarge
        yield found


def _walk_folder(folder: int, prefix: bytes, depth: int) -> Iterator[_Found]:
    if depth > MAX_DEPTH:
        raise _TooLarge
    with os.scandir(folder) as entries:
        names = [os.fsencode(entry.name) for entry in islice(entries, MAX_ENTRIES + 1)]
    for name in sorted(names):
        try:
            found = _Found(prefix + name, folder, os.lstat(name, dir_fd=folder))
        except FileNotFoundError:
            continue  # it was removed meanwhile
        if _kind(found.status) is None:
            continue
        yield found
        if stat.S_ISDIR(found.status.st_mode):
            try:
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _SAFELY, dir_fd=folder)
            except (FileNotFoundError, NotADirectoryError):
                continue  # likewise, or it was replaced
            try:
                yield from _walk_folder(inner, prefix + name + b"/", depth + 1)
            finally:
                os.close(inner)


def _kind(status: os.stat_result) -> bytes | None:
    kinds = {stat.S_IFREG: FILE, stat.S_IFDIR: FOLDER, stat.S_IFLNK: LINK}
    return kinds.get(stat.S_IFMT(status.st_mode))


def _fingerprint(lab: int) -> Generator[bytes, None, str]:
    """What changes when anything in `lab` does; see _Print."""
    seen = _Print()
    for number, found in enumerate(_walk(lab)):
        seen.add(found.path, found.status)
        if number % _PAUSE == 0:
            yield b""
    return seen.text


class _Print:
    """Names, inodes, modes, sizes and times of change, which no program can set (inode(7), st_ctime)."""

    def __init__(self) -> None:
        self._digest = blake2b(digest_size=16)
        self._newest = 0

    def add(self, path: bytes, status: os.stat_result) -> None:
        values = (status.st_ino, status.st_mode, status.st_size, status.st_ctime_ns)
        self._digest.update(b"%b\0%d %d %d %d\0" % (path, *values))
        self._newest = max(self._newest, status.st_ctime_ns)

    @property
    def text(self) -> str:
        return self._digest.hexdigest()

    def is_settled(self, began: int) -> bool:
        """Whether nothing had just changed when the look at it began, in nanoseconds of the wall clock."""
        return self._newest < began - _TICK


def _pack(lab: int) -> Generator[bytes, None, str]:
    """The archive, in pieces of at most two CHUNKs. Returns the fingerprint of what was packed; empty when that was
    just being changed, so that it is read again."""
    began, seen, total, piece = time.time_ns(), _Print(), 0, bytearray()
    for found in _walk(lab):
        for part in _member(found, seen):
            total += len(part)
            if total > MAX_BYTES - len(END):
                raise _TooLarge
            piece += part
            if len(piece) >= CHUNK:
                yield bytes(piece)
                piece.clear()
    yield bytes(piece + END)
    return seen.text if seen.is_settled(began) else ""


def _member(found: _Found, seen: _Print) -> Iterator[bytes]:
    """One entry of the archive. What was removed or replaced by something else meanwhile is left out."""
    kind, link = _kind(found.status), b""
    try:
        if kind == FILE:
            yield from _file(found, seen)
            return
        if kind == LINK:
            link = os.readlink(found.name, dir_fd=found.folder)
    except OSError as error:
        if error.errno not in _REPLACED:
            raise
        return
    seen.add(found.path, found.status)
    yield header(_described(found.path, found.status, link))


def _file(found: _Found, seen: _Print) -> Iterator[bytes]:
    file = os.open(found.name, os.O_RDONLY | _SAFELY, dir_fd=found.folder)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return
        if status.st_size > MAX_BYTES:
            raise _TooLarge
        seen.add(found.path, status)
        yield header(_described(found.path, status))
        left = status.st_size
        while left:
            data = os.read(file, min(left, CHUNK)) or bytes(min(left, CHUNK))  # it may have been cut meanwhile
            left -= len(data)
            yield data
        yield filling(status.st_size)
    finally:
        os.close(file)


def _described(path: bytes, status: os.stat_result, link: bytes = b"") -> Member:
    kind = _kind(status) or FILE
    size = status.st_size if kind == FILE else 0
    mode = stat.S_IMODE(status.st_mode)
    return Member(path, kind, mode, status.st_uid, status.st_gid, int(status.st_mtime), size, link)


def _unpack(lab: bytes, content: bytes, found: list[tuple[Member, int]]) -> None:
    """Raises OSError."""
    for member, start in found:
        path = lab + b"/" + member.name
        if member.kind == FOLDER:
            os.mkdir(path, 0o700)
            continue
        if member.kind == LINK:
            os.symlink(member.link, path)
        else:
            with open(path, "xb") as file:
                file.write(memoryview(content)[start : start + member.size])
        _describe(path, member)
    for member, _ in reversed(found):  # a folder's time changes with what is put in it
        if member.kind == FOLDER:
            _describe(lab + b"/" + member.name, member)


def _describe(path: bytes, member: Member) -> None:
    os.lchown(path, member.uid, member.gid)  # first: it clears set-user-ID
    if member.kind != LINK:
        os.chmod(path, member.mode)
    os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)


def _run_out(steps: Generator[bytes, None, str]) -> str:
    """What `steps` returns, without a pause."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return str(end.value)
