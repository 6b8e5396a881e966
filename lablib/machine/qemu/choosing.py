"""Which emulator and which kernel a guest in QEMU has here."""

from __future__ import annotations

from lablib.errors import MachineError
from lablib.machine.qemu import kvm
from lablib.machine.qemu.emulator import Emulator, emulator
from lablib.machine.qemu.images import Image, best_image


def best() -> tuple[Emulator, Image]:
    """With KVM where that answers. Raises MachineError that says what is missing."""
    translating, image = emulator(), best_image()
    try:
        fast = translating._replace(kvm=True)
        use = kvm.look() is kvm.Kvm.UNTRIED and kvm.answers(fast, image)
    except OSError as error:
        raise MachineError("guest-start", reason=str(error)) from error
    return (fast if use else translating), image
