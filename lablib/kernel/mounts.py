"""Mounts as data: each can say what it will do and then do it. Source: mount(2), mount(8) and the kernel's
Documentation/filesystems.

Plain classes and strings: a guest's first process imports this, and waits for what it would import.
"""

from __future__ import annotations

import os
import stat

from lablib.kernel import syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

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


class Mount:
    """One mount(2). `target` is made as a directory when it does not exist; `options` are what the file system itself
    reads, such as `size=64M`."""

    def __init__(
        self, target: str, fstype: str = "", source: str = "none", flags: int = 0, options: Sequence[str] = ()
    ) -> None:
        self.target = target
        self.fstype = fstype
        self.source = source
        self.flags = flags
        self.options = options

    def describe(self) -> str:
        """The mount(8) command that would do the same."""
        words = [name for bit, name in _FLAG_NAMES.items() if self.flags & bit]
        options = ",".join([*words, *self.options])
        command = ["mount"]
        if self.fstype:
            command += ["-t", self.fstype]
        if options:
            command += ["-o", options]
        return " ".join([*command, self.source, self.target])

    def execute(self) -> None:
        """Raises OSError."""
        if not self.flags & (syscalls.MS_REMOUNT | syscalls.MS_BIND):
            os.makedirs(self.target, exist_ok=True)
        syscalls.mount(self.source, self.target, self.fstype, self.flags, ",".join(self.options))


def tmpfs(target: str, *, mode: int = 0o755, size: str = "50%", flags: int = 0) -> Mount:
    """A tmpfs(5); `size` as its `size=` option takes it."""
    return Mount(target, "tmpfs", "tmpfs", flags, (f"mode={mode:o}", f"size={size}"))


def private(target: str) -> Mount:
    """Makes every mount from `target` down private: what happens in another mount namespace stays there."""
    return Mount(target, flags=syscalls.MS_REC | syscalls.MS_PRIVATE)


class Overlay:
    """An overlayfs mount of the layers `lower`, topmost first. `upper` and `work` are made; both must lie on one file
    system that overlayfs accepts as upper (not on another overlay). Source: Documentation/filesystems/overlayfs.rst."""

    def __init__(self, target: str, lower: Sequence[str], upper: str, work: str, *more: str) -> None:
        """`more` are further options, such as `userxattr`."""
        self.target = target
        self.upper = upper
        self.work = work
        options = (f"lowerdir={':'.join(lower)}", f"upperdir={upper}", f"workdir={work}", *more)
        self._mount = Mount(target, "overlay", "overlay", options=options)

    def describe(self) -> str:
        return self._mount.describe()

    def execute(self) -> None:
        """Raises OSError."""
        for folder in (self.upper, self.work):
            os.makedirs(folder, exist_ok=True)
        self._mount.execute()


class Symlink:
    """A symbolic link a file tree needs beside its mounts."""

    def __init__(self, target: str, to: str) -> None:
        self.target = target
        self.to = to

    def describe(self) -> str:
        return f"ln -s {self.to} {self.target}"

    def execute(self) -> None:
        """Raises OSError."""
        os.symlink(self.to, self.target)


class File:
    """An empty file, for something to be mounted on."""

    def __init__(self, target: str) -> None:
        self.target = target

    def describe(self) -> str:
        return f"touch {self.target}"

    def execute(self) -> None:
        """Raises OSError."""
        open(self.target, "wb").close()


class Node:
    """A device node; a character device that is open to everyone unless told otherwise. Source: mknod(2),
    Documentation/admin-guide/devices.txt."""

    def __init__(self, target: str, major: int, minor: int, mode: int = 0o666, *, block: bool = False) -> None:
        self.target = target
        self.major = major
        self.minor = minor
        self.mode = mode
        self.block = block

    def describe(self) -> str:
        return f"mknod -m {self.mode:o} {self.target} {'b' if self.block else 'c'} {self.major} {self.minor}"

    def execute(self) -> None:
        """Raises OSError."""
        kind = stat.S_IFBLK if self.block else stat.S_IFCHR
        os.mknod(self.target, self.mode | kind, os.makedev(self.major, self.minor))
        os.chmod(self.target, self.mode)  # mknod(2) applies the umask


class Plan:
    """File tree actions in order, so that a whole world can be shown before it is made."""

    def __init__(self, actions: Sequence[Mount | Overlay | Symlink | File | Node]) -> None:
        self.actions = actions

    def describe(self) -> str:
        return "\n".join(action.describe() for action in self.actions)

    def execute(self) -> None:
        """Raises OSError at the first action that fails."""
        for action in self.actions:
            action.execute()
