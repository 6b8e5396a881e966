"""Loop devices, and whose their files are. Source: loop(4), linux/loop.h."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lablib.kernel.mountinfo import parse

_LOOP_CLR_FD = 0x4C01
_LOOP_GET_STATUS64 = 0x4C05
_INFO_BYTES = 232
"""struct loop_info64, which begins with the device and inode of the file."""
_BLOCK = Path("/sys/block")


class Loop(NamedTuple):
    """One that has a file: which by stat(2)'s device and inode."""

    number: int
    device: int
    inode: int

    def __str__(self) -> str:
        return f"{self.number}:{self.device}:{self.inode}"


def in_use() -> list[Loop]:
    """All that have a file."""
    numbers = sorted(int(folder.name[4:]) for folder in _BLOCK.glob("loop[0-9]*") if folder.name[4:].isdigit())
    found = []
    for number in numbers:
        info = bytearray(_INFO_BYTES)
        try:
            _ioctl(number, _LOOP_GET_STATUS64, info)
        except OSError:
            continue  # ENXIO: it has none
        found.append(Loop(number, *struct.unpack_from("QQ", info)))
    return found


def detach(loop: Loop) -> None:
    """Takes its file away, now or when nobody has it open any more. Raises OSError."""
    try:
        _ioctl(loop.number, _LOOP_CLR_FD, 0)
    except OSError as error:
        if error.errno != errno.ENXIO:  # it has none any more, as after the last umount of one of mount(8)'s
            raise


def _ioctl(number: int, request: int, argument: int | bytearray) -> None:
    descriptor = os.open(f"/dev/loop{number}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, request, argument)
    finally:
        os.close(descriptor)


def is_orphan(loop: Loop) -> bool:
    """Whether no process can reach its file any more: it lies on a file system that is mounted in none of their mount
    namespaces. A file of an overlay has a device that no list of mounts names, so it is looked for by its path as well.
    Raises OSError."""
    mounted = f"{os.major(loop.device)}:{os.minor(loop.device)}"
    try:
        path = (_BLOCK / f"loop{loop.number}/loop/backing_file").read_text("utf-8", "surrogateescape").rstrip("\n")
    except FileNotFoundError:
        return False  # it has no file any more
    for pid in _one_of_each_mount_namespace():
        try:
            text = Path(f"/proc/{pid}/mountinfo").read_text("utf-8", errors="surrogateescape")
        except OSError:
            continue  # it has ended
        if any(mount.device == mounted for mount in parse(text)) or _is(loop, f"/proc/{pid}/root{path}"):
            return False
    return True


def is_below(loop: Loop, folder: str) -> bool:
    """Whether its file lies in `folder` or below."""
    return any(_is(loop, f"{parent}/{name}") for parent, _, names in os.walk(folder) for name in names)


def _one_of_each_mount_namespace() -> Iterator[int]:
    seen = set()
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            namespace = os.readlink(f"/proc/{pid}/ns/mnt")
        except OSError:
            continue  # it has ended, or is a zombie
        if namespace not in seen:
            seen.add(namespace)
            yield pid


def _is(loop: Loop, path: str) -> bool:
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return False
    return (status.st_dev, status.st_ino) == (loop.device, loop.inode)
