"""cgroup v2 as its files. Source: cgroups(7), the kernel's Documentation/admin-guide/cgroup-v2.rst."""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass
from pathlib import Path

from lablib.kernel.mountinfo import parse

SUPER_MAGIC = 0x63677270
"""CGROUP2_SUPER_MAGIC of linux/magic.h."""
MOUNT_POINT = "/sys/fs/cgroup"


@dataclass(frozen=True)
class Cgroup:
    """One cgroup. Reads raise OSError when it is gone."""

    path: Path
    shown: str = MOUNT_POINT
    """Its path as the student knows it."""

    @classmethod
    def open_root(cls, path: Path, shown: str = MOUNT_POINT) -> Cgroup:
        """The cgroup at `path`, the root as far as the lab goes. Raises OSError unless it is on a real cgroup2 file
        system: a bind mount of look-alike files deceives nobody."""
        if file_system_magic(path) != SUPER_MAGIC:
            raise OSError(errno.EINVAL, "not on a cgroup2 file system", str(path))
        return cls(path, shown)

    @property
    def name(self) -> str:
        return self.path.name

    def child(self, name: str) -> Cgroup:
        return Cgroup(self.path / name, f"{self.shown}/{name}")

    def children(self) -> tuple[Cgroup, ...]:
        """Its direct children, by name."""
        return tuple(self.child(name) for name in self.child_names())

    def child_names(self) -> list[str]:
        """What they are called, sorted."""
        with os.scandir(self.path) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))

    def exists(self) -> bool:
        return self.path.is_dir()

    def read(self, file: str) -> str:
        """What one of its interface files says, without the last newline."""
        return (self.path / file).read_text("utf-8").rstrip("\n")

    def source(self, file: str) -> str:
        """The name of one of its files, for evidence."""
        return f"{self.shown}/{file}"

    def procs(self) -> tuple[int, ...]:
        """The processes in it itself. One outside the reader's pid namespace reads as 0."""
        return tuple(int(line) for line in self.read("cgroup.procs").splitlines())

    def controllers(self) -> frozenset[str]:
        """The controllers it has: those its parent gives its children."""
        return frozenset(self.read("cgroup.controllers").split())

    def subtree_control(self) -> frozenset[str]:
        """The controllers it gives its children."""
        return frozenset(self.read("cgroup.subtree_control").split())

    def type(self) -> str:
        """`domain`, `domain threaded`, `domain invalid` or `threaded`; the root has no such file and is a domain."""
        try:
            return self.read("cgroup.type")
        except FileNotFoundError:
            if self.exists():
                return "domain"
            raise

    def events(self) -> dict[str, int]:
        """cgroup.events, such as `populated`."""
        pairs = (line.split() for line in self.read("cgroup.events").splitlines())
        return {name: int(value) for name, value in pairs}


def file_system_magic(path: Path) -> int:
    """The `f_type` that statfs(2) gives, which Python's os.statvfs leaves out. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = (ctypes.c_long * 32)()  # struct statfs begins with f_type and is at most 120 bytes
    if libc.statfs(os.fsencode(path), ctypes.byref(buffer)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    return int(buffer[0])


def find_cgroup2(mountinfo: Path = Path("/proc/self/mountinfo")) -> Path | None:
    """Where cgroup v2 is mounted; None where it is not. /sys/fs/cgroup first, then a hybrid's own place."""
    mounts = parse(mountinfo.read_text("utf-8", errors="replace"))
    found = (Path(mount.point) for mount in mounts if mount.type == "cgroup2")
    return min(found, key=lambda path: len(str(path)), default=None)
