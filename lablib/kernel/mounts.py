"""Mounts as data: each can say what it will do and then do it. Source: mount(2), mount(8) and the kernel's
Documentation/filesystems."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lablib.kernel import syscalls

_FLAG_NAMES = {
    syscalls.MS_RDONLY: "ro",
    syscalls.MS_NOSUID: "nosuid",
    syscalls.MS_NODEV: "nodev",
    syscalls.MS_NOEXEC: "noexec",
    syscalls.MS_REMOUNT: "remount",
    syscalls.MS_BIND: "bind",
    syscalls.MS_MOVE: "move",
    syscalls.MS_REC: "rec",
    syscalls.MS_PRIVATE: "private",
}


class Mount(NamedTuple):
    """One mount(2). `target` is made as a directory when it does not exist."""

    target: Path
    fstype: str = ""
    source: str = "none"
    flags: int = 0
    options: tuple[str, ...] = ()
    """What the file system itself reads, such as `size=64M`."""

    def describe(self) -> str:
        """The mount(8) command that would do the same."""
        words = [name for bit, name in _FLAG_NAMES.items() if self.flags & bit]
        options = ",".join([*words, *self.options])
        command = ["mount"]
        if self.fstype:
            command += ["-t", self.fstype]
        if options:
            command += ["-o", options]
        return " ".join([*command, self.source, str(self.target)])

    def execute(self) -> None:
        """Raises OSError."""
        if not self.flags & (syscalls.MS_REMOUNT | syscalls.MS_BIND):
            self.target.mkdir(parents=True, exist_ok=True)
        syscalls.mount(self.source, self.target, self.fstype, self.flags, ",".join(self.options))


def tmpfs(target: Path, *, mode: int = 0o755, size: str = "50%", flags: int = 0) -> Mount:
    """A tmpfs(5); `size` as its `size=` option takes it."""
    return Mount(target, "tmpfs", "tmpfs", flags, (f"mode={mode:o}", f"size={size}"))


def private(target: Path) -> Mount:
    """Makes every mount from `target` down private: what happens in another mount namespace stays there."""
    return Mount(target, flags=syscalls.MS_REC | syscalls.MS_PRIVATE)


class Overlay(NamedTuple):
    """An overlayfs mount. `upper` and `work` are made; both must lie on one file system that overlayfs accepts as
    upper (not on another overlay). Source: Documentation/filesystems/overlayfs.rst."""

    target: Path
    lower: tuple[Path, ...]
    """Topmost first."""
    upper: Path
    work: Path

    @property
    def mount(self) -> Mount:
        lowerdir = ":".join(str(layer) for layer in self.lower)
        options = (f"lowerdir={lowerdir}", f"upperdir={self.upper}", f"workdir={self.work}")
        return Mount(self.target, "overlay", "overlay", options=options)

    def describe(self) -> str:
        return self.mount.describe()

    def execute(self) -> None:
        """Raises OSError."""
        for folder in (self.upper, self.work):
            folder.mkdir(parents=True, exist_ok=True)
        self.mount.execute()


class Symlink(NamedTuple):
    """A symbolic link a file tree needs beside its mounts."""

    target: Path
    to: str

    def describe(self) -> str:
        return f"ln -s {self.to} {self.target}"

    def execute(self) -> None:
        """Raises OSError."""
        self.target.symlink_to(self.to)


class Node(NamedTuple):
    """A character device node, open to everyone. Source: mknod(2), Documentation/admin-guide/devices.txt."""

    target: Path
    major: int
    minor: int
    mode: int = 0o666

    def describe(self) -> str:
        return f"mknod -m {self.mode:o} {self.target} c {self.major} {self.minor}"

    def execute(self) -> None:
        """Raises OSError."""
        os.mknod(self.target, self.mode | 0o020000, os.makedev(self.major, self.minor))
        self.target.chmod(self.mode)  # mknod(2) applies the umask


Action = Mount | Overlay | Symlink | Node


class Plan(NamedTuple):
    """File tree actions in order, so that a whole world can be shown before it is made."""

    actions: Sequence[Action] = ()

    def describe(self) -> str:
        return "\n".join(action.describe() for action in self.actions)

    def execute(self) -> None:
        """Raises OSError at the first action that fails."""
        for action in self.actions:
            action.execute()
