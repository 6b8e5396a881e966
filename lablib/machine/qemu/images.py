"""The distribution's kernels on this machine that a guest in QEMU can boot: those in /boot, and those fetched for the
labs (`labs guest fetch`) to `$XDG_DATA_HOME/container-labs/generic`."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lablib.cache import keep, kept
from lablib.errors import MachineError
from lablib.machine.agent.bpf_guard import HOOK
from lablib.machine.qemu.btf import number_of
from lablib.machine.qemu.modules import ModuleError, Modules
from lablib.machine.qemu.packed import PackedError, unpack
from lablib.state import data_folder

NEEDED = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")
OPTIONAL = ("squashfs", "loop", "fuse", "veth")
"""What lessons use and nobody in the student's world can load."""
_UNPACKED = "vmlinux"
"""What the newest kernel is kept as in the cache, unpacked: translated, it would take two seconds to do that itself."""
_SECTS_AT, _MAGIC_AT, _PAYLOAD_AT = 0x1F1, 0x202, 0x248
_MAGIC, _GZIP, _ELF = b"HdrS", b"\x1f\x8b", b"\x7fELF"
_SECTOR = 512
_SIZE = 4
"""Bytes behind a payload that say how large it is unpacked, unless it is of a kind that says so itself."""
_PVH_NOTE = struct.pack("<I4s", 18, b"Xen")
"""XEN_ELFNOTE_PHYS32_ENTRY: an unpacked kernel says by it where QEMU is to begin."""


class Unpacked(NamedTuple):
    """A kernel as QEMU is handed it."""

    content: bytes
    """As it was before it was packed, where that is known."""
    hook: int
    """The number of `bpf_guard.HOOK` in it."""


class Image(NamedTuple):
    """A kernel with its modules, below a root of its own."""

    release: str
    """As uname(2) gives it."""
    file: Path
    folder: Path
    """/lib/modules/RELEASE of that root."""

    def modules(self) -> list[bytes]:
        """What a guest loads, in this order. Raises MachineError, OSError."""
        return list(self.module_files().values())

    def module_files(self) -> dict[Path, bytes]:
        try:
            return Modules(self.folder).needed(NEEDED, OPTIONAL)
        except ModuleError as error:
            raise MachineError("qemu-module-missing", module=str(error), release=self.release) from error

    def kernel(self) -> Unpacked:
        """Raises MachineError where it is none that a guest can have, OSError."""
        head = b"%08x " % self.stamp()
        known = kept(_UNPACKED) or b""
        if known.startswith(head):
            number, _, content = known.removeprefix(head).partition(b"\n")
            return Unpacked(content, int(number))
        content = unpacked(self.file.read_bytes())
        hook = number_of(HOOK, content)
        if hook is None:
            raise MachineError("qemu-kernel-unfit", path=str(self.file))
        keep(_UNPACKED, b"%s%d\n%s" % (head, hook, content))
        return Unpacked(content, hook)

    def stamp(self) -> int:
        """What changes when the file does. Raises OSError."""
        status = self.file.stat()
        return zlib.crc32(f"{self.file} {status.st_mtime_ns} {status.st_size}".encode())


def fetched_folder() -> Path:
    return Path(data_folder(), "generic")


def images(root: Path = Path("/")) -> list[Image]:
    """All that can be read and have what a guest needs: what was fetched first, for that was asked for, then those of
    this machine's `root`, the newest first."""
    return [image for folder in (fetched_folder(), root) for image in images_below(folder)]


def best_image() -> Image:
    """The kernel that guests in QEMU boot. Raises MachineError."""
    for image in images():
        return image
    raise MachineError("qemu-kernel-missing", package=package())


def package() -> str:
    """Debian's, that has a kernel for the processor here."""
    return {"x86_64": "linux-image-amd64", "aarch64": "linux-image-arm64"}.get(os.uname().machine, "linux-image")


def images_below(root: Path) -> Iterator[Image]:
    """Those of the system whose root is `root`, the newest first."""
    found = [*root.glob("boot/vmlinuz-*"), *root.glob("usr/lib/modules/*/vmlinuz")]
    for file in sorted(found, key=_version, reverse=True):
        release = _release(file)
        folders = [root / above / "modules" / release for above in ("usr/lib", "lib")]  # the same, but in a package
        image = Image(release, file, next((one for one in folders if one.is_dir()), folders[0]))
        try:
            with file.open("rb"):
                image.module_files()
        except (OSError, MachineError):
            continue  # root's alone, or without the modules: `linux-image-cloud-*` has no 9p
        yield image


def _release(file: Path) -> str:
    return file.name.removeprefix("vmlinuz-") if file.name != "vmlinuz" else file.parent.name


def _version(file: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", _release(file))]


def unpacked(image: bytes) -> bytes:
    """The kernel in a bzImage, whose header says where it is, or in an Image that is packed as a whole; `image` itself
    where that cannot be unpacked, or QEMU could not boot what comes out. Source: Documentation/arch/x86/boot.rst
    (setup_sects, header, payload_offset, payload_length), arch/x86/boot/compressed/Makefile."""
    try:
        if image[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] != _MAGIC:
            return unpack(image)
        offset, length = struct.unpack_from("<2I", image, _PAYLOAD_AT)
        payload = image[(image[_SECTS_AT] + 1) * _SECTOR + offset :][:length]
        kernel = unpack(payload if payload.startswith(_GZIP) else payload[:-_SIZE])
    except (PackedError, struct.error):
        return image
    return kernel if kernel.startswith(_ELF) and _PVH_NOTE in kernel else image
