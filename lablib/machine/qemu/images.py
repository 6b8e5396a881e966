"""The distribution's kernels on this machine that a guest in QEMU can boot: those in /boot, and those fetched for the
labs (`fetching.py`) to `$XDG_DATA_HOME/container-labs/generic`."""

from __future__ import annotations

import lzma
import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lablib.cache import keep, kept
from lablib.errors import MachineError
from lablib.machine.qemu.modules import ModuleError, Modules
from lablib.state import data_folder

NEEDED = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")
OPTIONAL = ("squashfs", "loop", "fuse", "veth")
"""What lessons use and nobody in the student's world can load."""
_UNPACKED = "vmlinux"
"""What the newest kernel is kept as in the cache, unpacked: translated, it would take two seconds to do that itself."""
_HEADER_END = 0x250
_LARGEST = 1 << 28
_PVH_NOTE = struct.pack("<I4s", 18, b"Xen")
"""XEN_ELFNOTE_PHYS32_ENTRY: an unpacked kernel says by it where QEMU is to begin."""


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

    def kernel(self) -> bytes:
        """The kernel as QEMU is handed it: unpacked where it can be. Raises OSError."""
        head = f"{self.stamp():08x}\n".encode()
        if (known := kept(_UNPACKED)) is not None and known.startswith(head):
            return known[len(head) :]
        packed = self.file.read_bytes()
        unpacked = _unpacked(packed)
        if unpacked is None:
            return packed
        keep(_UNPACKED, head + unpacked)
        return unpacked

    def stamp(self) -> int:
        """What changes when the file does. Raises OSError."""
        status = self.file.stat()
        return zlib.crc32(f"{self.file} {status.st_mtime_ns} {status.st_size}".encode())


def fetched_folder() -> Path:
    return Path(data_folder(), "generic")


def images(root: Path = Path("/")) -> list[Image]:
    """All that can be read and have what a guest needs; those of this machine's `root` first, each the newest first."""
    return [image for folder in (root, fetched_folder()) for image in _below(folder)]


def best_image() -> Image:
    """The kernel that guests in QEMU boot. Raises MachineError."""
    for image in images():
        return image
    raise MachineError("qemu-kernel-missing", package=package())


def package() -> str:
    """Debian's, that has a kernel for the processor here."""
    return {"x86_64": "linux-image-amd64", "aarch64": "linux-image-arm64"}.get(os.uname().machine, "linux-image")


def _below(root: Path) -> Iterator[Image]:
    found = [*root.glob("boot/vmlinuz-*"), *root.glob("usr/lib/modules/*/vmlinuz")]
    for file in sorted(found, key=_version, reverse=True):
        release = _release(file)
        image = Image(release, file, root / "lib/modules" / release)
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


def _unpacked(image: bytes) -> bytes | None:
    """The ELF kernel in a bzImage, whose header says where it is; None where it is packed otherwise than Python unpacks,
    or QEMU could not boot what comes out. Source: Documentation/arch/x86/boot.rst (setup_sects, header, payload_offset,
    payload_length), xen/interface/elfnote.h."""
    if len(image) < _HEADER_END or image[0x202:0x206] != b"HdrS":
        return None
    offset, length = struct.unpack_from("<2I", image, 0x248)
    begin = (image[0x1F1] + 1) * 512 + offset
    try:
        kernel = lzma.LZMADecompressor().decompress(image[begin : begin + length], max_length=_LARGEST)
    except lzma.LZMAError:
        return None
    return kernel if kernel.startswith(b"\x7fELF") and _PVH_NOTE in kernel else None
