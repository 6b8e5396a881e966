"""What a mount namespace holds, also beyond the root of the process one asks about, and which mount a path is on.
Source: mount_namespaces(7), setns(2), proc_pid_fdinfo(5)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lablib.kernel import syscalls
from lablib.kernel.mountinfo import MountInfo, parse
from lablib.kernel.mounts import private

MAX_TEXT = 1 << 20
"""Characters: some ten thousand mounts."""
_DEPTH = 8
"""How many mounts that lie one over another at a root are taken off at most."""


def every_mount(pid: int, proc: Path = Path("/proc")) -> tuple[MountInfo, ...]:
    """The mounts of the mount namespace of `pid`, as one sees them from the namespace's own root. The process may see
    fewer: /proc/PID/mountinfo leaves out what its root, which chroot(2) changes for it alone, does not lead to. Raises
    OSError: without CAP_SYS_ADMIN and CAP_SYS_CHROOT, EPERM; for more than `MAX_TEXT`, EFBIG.

    setns(2) takes the caller to the namespace's root, so it goes there and comes back; of the files in that namespace
    it opens none. No thread or child does it in its place: an agent that has made a pid namespace for others cannot
    start a thread any more (clone(2), EINVAL), and its children would be born within their reach.
    """
    with ExitStack() as kept:
        ours = _opened(kept, proc, os.O_PATH | os.O_DIRECTORY)
        namespace = _opened(kept, f"{proc}/{pid}/ns/mnt", os.O_RDONLY)
        with _back_again(kept):
            syscalls.setns(namespace, syscalls.CLONE_NEWNS)
            mounts = _opened_mountinfo(kept, ours)
        return _read(mounts, f"{proc}/{pid}")


def beneath_the_root(pid: int, proc: Path = Path("/proc")) -> tuple[MountInfo, ...]:
    """What lies beneath the root of the mount namespace of `pid`, where something was mounted or moved over it: no list
    of mounts leads there, and umount(2) does. Looked for in a copy of the namespace, from which the mounts over it are
    taken off; the namespace itself stays as it is. Raises OSError as `every_mount` does."""
    found: list[MountInfo] = []
    with ExitStack() as kept:
        ours = _opened(kept, proc, os.O_PATH | os.O_DIRECTORY)
        namespace = _opened(kept, f"{proc}/{pid}/ns/mnt", os.O_RDONLY)
        with _back_again(kept):
            syscalls.setns(namespace, syscalls.CLONE_NEWNS)
            syscalls.unshare(syscalls.CLONE_NEWNS)
            private("/").execute()
            copy = os.open("thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC, dir_fd=ours)
            kept.callback(os.close, copy)
            for _ in range(_DEPTH):
                try:
                    syscalls.umount2("/", syscalls.MNT_DETACH)
                except OSError:
                    break  # it is the very root, or of a user namespace that keeps its mounts together (MNT_LOCKED)
                syscalls.setns(copy, syscalls.CLONE_NEWNS)  # which looks for the root anew
                # It is read before the next is taken off: the kernel makes the lines as they are read.
                found += _read(_opened_mountinfo(kept, ours), f"{proc}/{pid}")
    return tuple(found)


def _opened_mountinfo(kept: ExitStack, proc: int) -> int:
    """The kernel takes note of namespace and root when it is opened."""
    descriptor = os.open("thread-self/mountinfo", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    kept.callback(os.close, descriptor)
    return descriptor


def _read(mounts: int, subject: str) -> tuple[MountInfo, ...]:
    with open(mounts, encoding="utf-8", errors="replace", closefd=False) as file:
        text = file.read(MAX_TEXT + 1)
    if len(text) > MAX_TEXT:  # what is cut off might be the very mount that is looked for
        raise OSError(errno.EFBIG, "too many mounts", subject)
    return tuple(parse(text))


@contextmanager
def _back_again(kept: ExitStack) -> Iterator[None]:
    """Returns to the mount namespace, root and working folder that this thread has now."""
    home = _opened(kept, "/proc/thread-self/ns/mnt", os.O_RDONLY)
    root, working = (_opened(kept, folder, os.O_PATH | os.O_DIRECTORY) for folder in ("/", "."))
    syscalls.unshare(syscalls.CLONE_FS)  # setns(2) refuses where other threads would lose their root by it
    try:
        yield
    finally:
        syscalls.setns(home, syscalls.CLONE_NEWNS)
        os.fchdir(root)
        os.chroot(".")
        os.fchdir(working)


def _opened(kept: ExitStack, path: str | Path, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    kept.callback(os.close, descriptor)
    return descriptor


def mount_id(path: str | Path) -> int:
    """The mount that `path` is on, by the first number of its line in mountinfo. Raises OSError."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
            fields = dict(line.split(":\t") for line in file.read().splitlines() if ":\t" in line)
    finally:
        os.close(descriptor)
    return int(fields["mnt_id"])
