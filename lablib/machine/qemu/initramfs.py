"""What a guest's kernel begins with: an initramfs with one program, `init`, which loads the modules it holds, puts the
exported folders of the host together to a root, and becomes the agent's Python there. No shell or library of this
machine is in it. Source: Documentation/driver-api/early-userspace/buffer-format.rst, filesystems/9p.rst.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from lablib.kernel.syscalls import MS_MOVE, MS_NODEV, MS_RDONLY
from lablib.machine.qemu.calls import AT_FDCWD, Call, program

OPTIONS = "trans=virtio,version=9p2000.L,msize=262144,cache=loose"
"""The exports are read-only and nobody else changes them while a guest is up, so it may keep what it has read."""
_ROOT = "/root"
_FOLDERS = ("dev", "proc", "sys", "run", "tmp")
_ENVIRONMENT = (b"HOME=/", b"PATH=/usr/sbin:/usr/bin:/sbin:/bin", b"TERM=linux")
_DIRECTORY, _CHARACTER, _REGULAR = 0o040755, 0o020600, 0o100700
_ALIGNED = 4


class Root(NamedTuple):
    """The root that the agent starts in."""

    exports: Mapping[str, str]
    """Folders that are seen there, each by the tag that it is exported under."""
    links: Mapping[str, str]
    """Symbolic links, and where they point to."""


def calls(modules: Iterable[bytes], root: Root, command: Sequence[str]) -> Iterator[Call]:
    """What `init` does: `modules` loaded, `root` made, `command` begun in it."""
    yield Call("unlinkat", (AT_FDCWD, b"/init", 0))  # it holds the modules a second time
    for module in modules:
        yield Call("init_module", (module, len(module), b""))
    yield Call("mount", (b"root", _ROOT.encode(), b"tmpfs", 0, b"mode=755"))
    for folder in _parents_first([*_FOLDERS, *(path.strip("/") for path in root.exports.values())]):
        yield Call("mkdirat", (AT_FDCWD, f"{_ROOT}/{folder}".encode(), 0o755))
    for path, leads_to in root.links.items():
        yield Call("symlinkat", (leads_to.encode(), AT_FDCWD, f"{_ROOT}{path}".encode()))
    yield Call("mount", (b"dev", f"{_ROOT}/dev".encode(), b"devtmpfs", 0, b""))
    for tag, path in root.exports.items():
        target = f"{_ROOT}{path}".encode()
        yield Call("mount", (tag.encode(), target, b"9p", MS_RDONLY | MS_NODEV, OPTIONS.encode()))
    # As switch_root(8): on top of the initramfs, which pivot_root(2) cannot leave.
    yield Call("chdir", (_ROOT.encode(),))
    yield Call("mount", (b".", b"/", b"", MS_MOVE, 0))
    yield Call("chroot", (b".",))
    yield Call("chdir", (b"/",))
    yield Call("execve", (command[0].encode(), [word.encode() for word in command], _ENVIRONMENT))


def initramfs(made: Sequence[Call], machine: str) -> bytes:
    """An archive for the kernel to begin with `made`, on a processor that uname(2) calls `machine`."""
    entries = (
        _entry("dev", _DIRECTORY),
        _entry("dev/console", _CHARACTER, device=(5, 1)),
        _entry(_ROOT.strip("/"), _DIRECTORY),
        _entry("init", _REGULAR, program(made, machine)),
        _entry("TRAILER!!!", 0),
    )
    return b"".join(entries)


def _entry(name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> bytes:
    """One of the form `newc`, padded to four bytes behind its name and its content."""
    links = 2 if mode == _DIRECTORY else 1
    fields = (0, mode, 0, 0, links, 0, len(content), 0, 0, *device, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNED)


def _parents_first(folders: Iterable[str]) -> list[str]:
    """`folders` and all that they lie in."""
    found: dict[str, None] = {}
    for folder in folders:
        path = PurePosixPath(folder)
        found |= dict.fromkeys(str(one) for one in reversed(path.parents) if one.parts)
        found[str(path)] = None
    return list(found)
