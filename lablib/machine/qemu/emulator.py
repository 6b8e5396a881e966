"""QEMU on this machine: which program it is for the processor here, and how it runs a guest's instructions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import NamedTuple

from lablib.errors import MachineError

KVM = "/dev/kvm"
SLOW = 4.0
"""How much longer what has a time limit may take where each instruction is translated."""
_TRANSLATED = 256
"""MiB of translated code that are kept."""


class _Board(NamedTuple):
    """What is emulated around a processor."""

    program: str
    package: str
    """Debian's, that has the program."""
    machine: str
    cpu: str
    """What is translated: all that QEMU can, but no page tables of five levels, which take longer to walk."""
    console: str
    """What the kernel calls the board's serial line."""


_BOARDS: Mapping[str, _Board] = {
    "x86_64": _Board(
        "qemu-system-x86_64", "qemu-system-x86", "pc,usb=off,vmport=off,smbus=off", "max,la57=off", "ttyS0"
    ),
    "aarch64": _Board("qemu-system-aarch64", "qemu-system-arm", "virt,gic-version=max", "max", "ttyAMA0"),
}


class Emulator(NamedTuple):
    """A way to run a guest."""

    program: str
    machine: str
    """The processor, as uname(2) calls it."""
    kvm: bool

    @property
    def console(self) -> str:
        return _BOARDS[self.machine].console

    @property
    def slowness(self) -> float:
        return 1.0 if self.kvm else SLOW

    @property
    def devices(self) -> tuple[str, ...]:
        return (KVM,) if self.kvm else ()

    def options(self) -> tuple[str, ...]:
        accelerator = "kvm" if self.kvm else f"tcg,tb-size={_TRANSLATED}"
        board = _BOARDS[self.machine]
        return ("-accel", accelerator, "-machine", board.machine, "-cpu", "host" if self.kvm else board.cpu)


def emulator() -> Emulator:
    """The one for guests here, without KVM. Raises MachineError."""
    machine = os.uname().machine
    board = _BOARDS.get(machine)
    if board is None:
        raise MachineError("qemu-unknown-processor", machine=machine, known=", ".join(_BOARDS))
    program = shutil.which(board.program)
    if program is None:
        raise MachineError("qemu-missing", program=board.program, package=board.package)
    return Emulator(program, machine, kvm=False)
