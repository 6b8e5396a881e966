"""Whether KVM answers. Where /dev/kvm is there, and machines can be made and even run an instruction, a kernel may
still get nowhere, as in some virtual machines; and what hangs there may be past ending. So a kernel that does nothing
but power off is booted, once after each boot of this machine, and nobody waits for it longer than for a slow one."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path

from lablib.cache import keep, kept
from lablib.kernel.syscalls import LINUX_REBOOT_CMD_POWER_OFF
from lablib.machine.qemu.calls import Call
from lablib.machine.qemu.emulator import KVM, Emulator
from lablib.machine.qemu.images import Image
from lablib.machine.qemu.initramfs import initramfs
from lablib.machine.room import claimed_folder, memory_folder

SECONDS = 10.0
"""Ten times what the boot takes with KVM on a busy machine; translated it takes three."""
NAME = "kvm"
_MEMORY = 128
_END_SECONDS = 1.0
_BOOT = Path("/proc/sys/kernel/random/boot_id")
MAGIC = (0xFEE1DEAD, 672274793)
"""reboot(2)."""


class Kvm(StrEnum):
    """What can be said of KVM on a machine."""

    NONE = "none"
    CLOSED = "closed"
    """The device may not be opened by who would use it."""
    UNTRIED = "untried"
    """There is nothing here to try it with."""
    SILENT = "silent"
    ANSWERS = "answers"


def look(device: str = KVM) -> Kvm:
    """What can be said without trying it: UNTRIED where it is there for us."""
    if not os.path.exists(device):
        return Kvm.NONE
    return Kvm.UNTRIED if _is_open(device) else Kvm.CLOSED


def answers(emulator: Emulator, image: Image, seconds: float = SECONDS) -> bool:
    """Whether `image` boots in `emulator`, which uses KVM, within `seconds`; tried unless that was done since this
    machine was booted. Raises OSError, MachineError."""
    head = f"{_BOOT.read_text('ascii').strip()} {image.stamp():08x} ".encode()
    noted = kept(NAME) or b""
    if noted.startswith(head):
        return noted.removeprefix(head) == Kvm.ANSWERS.encode()
    found = Kvm.ANSWERS if _boots(emulator, image, seconds) else Kvm.SILENT
    keep(NAME, head + found.encode())
    return found is Kvm.ANSWERS


def _boots(emulator: Emulator, image: Image, seconds: float) -> bool:
    content = image.kernel().content
    with ExitStack() as undo:
        folder = claimed_folder(memory_folder(len(content)))  # known for ours, should we be killed
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        kernel, begun = folder / "kernel", folder / "initramfs"
        kernel.write_bytes(content)
        begun.write_bytes(initramfs([Call("reboot", (*MAGIC, LINUX_REBOOT_CMD_POWER_OFF, 0))], emulator.machine))
        command = [emulator.program, *emulator.options(), "-m", str(_MEMORY), "-nodefaults", "-no-user-config"]
        command += ["-display", "none", "-no-reboot", "-kernel", str(kernel), "-initrd", str(begun)]
        child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command, "-append", "panic=-1 rdinit=/init"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return child.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            child.kill()
            with suppress(subprocess.TimeoutExpired):
                child.wait(_END_SECONDS)  # one that cannot be ended is left to whoever reaps orphans


def _is_open(device: str) -> bool:
    """Whether a guest's process may open it: root's has a uid of its own then, and is let into the device's group, if
    that is not root's."""
    if os.geteuid() != 0:
        return os.access(device, os.R_OK | os.W_OK)
    status = os.stat(device)
    by_all, by_group = stat.S_IROTH | stat.S_IWOTH, stat.S_IRGRP | stat.S_IWGRP
    return status.st_mode & by_all == by_all or (status.st_gid != 0 and status.st_mode & by_group == by_group)
