"""Overlays as a student has mounted them: found by where they are, in whatever mount namespace, and looked into there.

Source: Documentation/filesystems/overlayfs.rst, proc_pid_mountinfo(5), mount(8).
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from lablib.kernel.inside import Inside
from lablib.kernel.mountinfo import MountInfo
from lablib.verdict import Context, Evidence, Failure

OPAQUE = "trusted.overlay.opaque"
"""The extended attribute of a directory below which nothing of the lower layers is seen, where it is `y`."""
WHITEOUT = "character device 0/0"
"""What says in an upper layer that a name of the lower ones is not there."""
_SERVED = ("fuse", "autofs")
"""File systems that a process serves. The student's may not answer, or be stopped: then we would wait for ever."""


@dataclass(frozen=True)
class Overlay:
    """One overlay, as the process that the student knows as `pid` has it."""

    mount: MountInfo
    files: Inside
    """What that process sees, the overlay and what it is made of included."""
    pid: int
    mounts: tuple[MountInfo, ...]

    @property
    def upper(self) -> str | None:
        """As it was told to mount(8); None for an overlay that nothing can be written to."""
        return self.mount.option("upperdir")

    @property
    def layers(self) -> tuple[str, ...]:
        """The lower directories, the topmost first, as they were told to mount(8)."""
        return self.mount.layers()

    def paths(self, told: str, *near: str) -> Iterator[str]:
        """What `told` may mean: the kernel keeps a relative path as it is, and not the folder it was relative to. That
        may have been any above the mount point, or above one of the folders `near`."""
        for folder in (self.mount.point, *near):
            yield from _below_each(folder, told)

    def means(self, told: str, folder: str) -> bool:
        """Whether `told` is the directory `folder`, by whatever name."""
        wanted = identity(self.files, folder)
        return wanted is not None and any(identity(self.files, path) == wanted for path in self.paths(told, folder))

    def lies_on(self, told: str) -> MountInfo | None:
        """The mount of the file system that the layer `told` is on."""
        devices = {device(self.files, path) for path in self.paths(told)}
        return next((mount for mount in reversed(self.mounts) if mount.device in devices), None)

    def evidence(self) -> Evidence:
        options = ",".join(self.mount.super_options)
        return Evidence(f"/proc/{self.pid}/mountinfo", f"{self.mount.point} - {self.mount.type} {options}")


def _below_each(folder: str, path: str) -> Iterator[str]:
    """`path`, if it is relative, below `folder` and each above it."""
    yield posixpath.join(folder, path)
    while folder != "/" and not path.startswith("/"):
        folder = posixpath.dirname(folder)
        yield posixpath.join(folder, path)


def overlay_at(ctx: Context, point: str) -> Overlay:
    """The overlay that is mounted at `point` for any process of the student's. Raises Failure."""
    other = None
    for pid, mounts in mount_namespaces(ctx):
        here = [mount for mount in mounts if mount.point == point]
        if not here:
            continue
        overlay = Overlay(here[-1], ctx.proc.files(pid), ctx.proc.shown_pid(pid), mounts)
        # What was mounted later on a folder above hides it; then another file system is found under its name.
        if overlay.mount.type == "overlay" and device(overlay.files, point) == overlay.mount.device:
            return overlay
        other = overlay
    if other is not None:
        raise Failure(
            "overlayfs.another-type",
            expected="overlay",
            actual=other.mount.type,
            evidence=[other.evidence()],
            folder=point,
            type=other.mount.type,
        )
    kind = "overlayfs.not-mounted" if ctx.files.exists(point) else "overlayfs.no-folder"
    raise Failure(kind, expected="overlay", actual="-", evidence=[Evidence("/proc/1/mountinfo", "-")], folder=point)


def mount_namespaces(ctx: Context) -> Iterator[tuple[int, tuple[MountInfo, ...]]]:
    """A process of each mount namespace that the student has, with the mounts there."""
    seen: set[str] = set()
    for pid in ctx.proc.pids():
        namespace = ctx.proc.namespace(pid, "mnt")
        if namespace is None or namespace in seen:
            continue
        seen.add(namespace)  # also where it is not the student's: then none of theirs is in it
        mounts = ctx.proc.mounts(pid) if ctx.proc.is_shown(pid) else ()
        if mounts and not any(mount.type.startswith(_SERVED) for mount in mounts):
            yield pid, mounts


def need_upper(overlay: Overlay) -> str:
    """Its upper directory. Raises Failure where it has none."""
    if overlay.upper is None:
        raise Failure(
            "overlayfs.no-upper",
            expected="upperdir=…",
            actual="-",
            evidence=[overlay.evidence()],
            folder=overlay.mount.point,
        )
    return overlay.upper


def identity(files: Inside, path: str) -> tuple[int, int] | None:
    """What makes a file that very one, whatever its path; None where there is nothing."""
    try:
        found = files.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def device(files: Inside, path: str) -> str | None:
    """`MAJOR:MINOR` of the file system that `path` is on."""
    found = identity(files, path)
    return f"{os.major(found[0])}:{os.minor(found[0])}" if found else None


def word(files: Inside, path: str) -> str | None:
    """What a small file says, without white space around it; None where there is none."""
    try:
        return files.text(path, 256).strip()
    except OSError:
        return None


def kind(files: Inside, path: str) -> str:
    """What is there, as a student would call it; `-` for nothing."""
    try:
        found = files.lstat(path)
    except OSError:
        return "-"
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
        return WHITEOUT
    for test, name in (
        (stat.S_ISREG, "regular file"),
        (stat.S_ISDIR, "directory"),
        (stat.S_ISLNK, "symbolic link"),
        (stat.S_ISCHR, "character device"),
    ):
        if test(found.st_mode):
            return name
    return "special file"


def names(files: Inside, path: str) -> list[str]:
    """The names in a folder; none where there is no such folder."""
    try:
        return files.names(path)
    except OSError:
        return []


def listing(files: Inside, folder: str) -> Evidence:
    return Evidence(folder, " ".join(names(files, folder)[:40]) or "-")
