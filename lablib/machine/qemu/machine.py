"""A guest whose kernel is the distribution's own, in QEMU: with KVM where that answers, else its instructions are
translated, which is slow and needs nothing of the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lablib.machine.agent.world import MERGED_FOLDERS
from lablib.machine.kept import MEMORY, KeptMachine, Launch, Parts
from lablib.machine.qemu.emulator import Emulator
from lablib.machine.qemu.images import Image
from lablib.machine.qemu.initramfs import Root, calls, initramfs

EXPORTED = ("usr", "etc", *MERGED_FOLDERS)
"""Folders of this machine's root that a guest sees; the rest of the root is its own."""
CODE = "code"
PARAMETERS = (
    "quiet",
    "panic=-1",  # at once, and -no-reboot ends QEMU then
    "lockdown=confidentiality",
    "lsm=landlock,lockdown,yama,bpf",
    "audit=0",  # as in a guest of User-Mode Linux
    "rdinit=/init",
)
EXPORT = "security_model=none,readonly=on,multidevs=remap"
"""Of a folder: as it is, and nothing in it changes."""
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
"""QEMU's own filter of system calls, beside ours."""
KERNEL, INITRAMFS = "kernel", "initramfs"
_SCRATCH = 128 << 20


class QemuMachine(KeptMachine):
    """One guest of the kernel in `image`, run by `emulator`."""

    kind = "qemu"
    agent = "emulated"

    def __init__(
        self,
        image: Image,
        emulator: Emulator,
        *,
        memory: int = MEMORY,
        landlock_abi: int | None = None,
        work: Path | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        super().__init__(memory=memory, landlock_abi=landlock_abi, work=work)
        self._image = image
        self._emulator = emulator
        self.slowness = emulator.slowness
        self.warnings = warnings

    def identity(self) -> bytes:
        return f"{self._emulator.machine} {self._image.release} {self._image.stamp()}".encode()

    @property
    def _scratch_size(self) -> int:
        return _SCRATCH

    def _prepare(self, parts: Parts) -> Launch:
        kernel = self._image.kernel()
        (parts.scratch / KERNEL).write_bytes(kernel.content)
        command = [str(parts.python), "-IS", str(parts.start), str(kernel.hook)]
        root = root_of_this_machine({CODE: str(parts.start.parent)})
        made = list(calls(self._image.modules(), root, command))
        (parts.scratch / INITRAMFS).write_bytes(initramfs(made, self._emulator.machine))
        for name in (KERNEL, INITRAMFS):
            (parts.scratch / name).chmod(0o444)
        options = [
            *self._emulator.options(),
            *common_options(self._size, root, self._emulator.console),
            *("-sandbox", SANDBOX),
            *("-chardev", f"socket,id=agent,fd={parts.line}"),
            *("-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,nr=1"),
        ]
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/", "TMPDIR": str(parts.scratch)}
        return Launch(self._emulator.program, options, environment, self._emulator.devices)


def common_options(memory: int, root: Root, console: str) -> Iterator[str]:
    """No device but a console that is only written to and the exports; kernel and initramfs are in the folder that QEMU
    starts in. `memory` is in bytes."""
    yield from ("-m", f"{memory >> 20}M", "-smp", "1")
    yield from ("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot")
    yield from ("-kernel", KERNEL, "-initrd", INITRAMFS)
    yield from ("-append", " ".join((f"console={console}", *PARAMETERS)))
    yield from ("-serial", "stdio")
    for tag, path in root.exports.items():
        yield from ("-fsdev", f"local,id={tag},path={_escaped(path)},{EXPORT}")
        yield from ("-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}")


def root_of_this_machine(more: dict[str, str]) -> Root:
    """What a guest sees of it, and `more` folders by their tags."""
    exports, links = {}, {}
    for name in EXPORTED:
        path = f"/{name}"
        if os.path.islink(path):
            links[path] = os.readlink(path)
        elif os.path.isdir(path):
            exports[name] = path
    return Root(exports | more, links)


def _escaped(path: str) -> str:
    """As a value among an option's others: a comma is two."""
    return path.replace(",", ",,")
