"""Which machine a lab runs on, and whether there is a choice."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lablib.errors import MachineError, UsageError

if TYPE_CHECKING:
    from lablib.machine.base import Machine
    from lablib.machine.kept import KeptMachine

CHOICES = ("auto", "guest", "qemu", "host")
KINDS = ("guest", "host")
"""What a first start asks for, where both make sense; the first is right for everyone."""
IN_QEMU = "in-qemu"
"""The warning that a guest is in QEMU since there is no other here."""
_CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "run/systemd/container")


def machine_factory(on: str, work: Path | None = None, *, sudo: bool = False) -> Callable[[], Machine]:
    """How to make a machine of the kind `on` names; `auto` is the best guest there is. Its `~/lab` is kept as `work`:
    with `.tar` added to the name for a guest, as a folder for this host, which may become root by `sudo`. Nothing is
    started yet. Raises UsageError."""
    check_choice(on)

    # Imported when a machine is made: the screen is painted before.
    def host() -> Machine:
        from lablib.machine.host import HostMachine

        return HostMachine(work=work, sudo=sudo)

    return host if on == "host" else guest_factory(work, on=on)


def guest_factory(work: Path | None = None, *, practice: bool = False, on: str = "auto") -> Callable[[], KeptMachine]:
    """How to make a guest: of the best User-Mode Linux there is, or in QEMU where `on` says so or, for `auto`, where
    none boots. One for `practice` is as quick as its kernel can be, and nothing in it is ever graded."""
    archive = work and work.with_name(f"{work.name}.tar")

    def guest() -> KeptMachine:
        from lablib.machine.guest import GuestMachine
        from lablib.machine.probing import best

        if on == "qemu":
            return _in_qemu(archive)
        try:
            kernel, probe = best()
        except MachineError:
            if on != "auto" or (instead := _instead(archive)) is None:
                raise
            return instead
        if not probe.boots and on == "auto" and (instead := _instead(archive)):
            return instead
        return GuestMachine(kernel, practice=practice and probe.seccomp, work=archive)

    return guest


def nothing_to_try(on: str) -> bool:
    """Whether a guest of the kind `on` is made at once: no kernel must be booted, nor KVM tried, to know which."""
    from lablib.machine.probing import all_noted, best

    if on == "qemu" or not all_noted():
        return False
    try:
        return best()[1].boots
    except MachineError:
        return False


def guest_release() -> str:
    """The kernel that a guest for `auto` boots, as uname(2) gives its release; for people. Raises MachineError where
    there can be no guest."""
    from lablib.machine.probing import best
    from lablib.machine.qemu.choosing import best as best_in_qemu
    from lablib.text import one_line

    try:
        kernel, probe = best()
        missing = MachineError("kernel-dead", name=kernel.name, said=one_line(probe.said) or "…")
        if probe.boots:
            return probe.release
    except MachineError as error:
        missing = error
    try:
        return best_in_qemu()[1].release
    except MachineError:
        raise missing from None


def _in_qemu(archive: Path | None, warnings: tuple[str, ...] = ()) -> KeptMachine:
    from lablib.machine.qemu.choosing import best
    from lablib.machine.qemu.machine import QemuMachine

    emulator, image = best()
    return QemuMachine(image, emulator, work=archive, warnings=warnings)


def _instead(archive: Path | None) -> KeptMachine | None:
    """In place of a guest of User-Mode Linux, where there can be one."""
    try:
        return _in_qemu(archive, (IN_QEMU,))
    except MachineError:
        return None  # what is missing is the other kind, for which there is the better remedy


def check_choice(on: str, choices: tuple[str, ...] = CHOICES) -> None:
    """Raises UsageError where `on` names none of `choices`."""
    if on not in choices:
        raise UsageError("unknown-machine", name=on, known=", ".join(choices))


def both_make_sense(root: Path = Path("/"), uid: int | None = None) -> bool:
    """Whether this machine itself could be the lab as well as a guest: root's, a virtual machine, with what the host
    machine needs. Nobody is asked to risk a computer of their own. Below `root` lie proc, run and sys."""
    is_root = (os.geteuid() if uid is None else uid) == 0
    return is_root and is_virtual_machine(root) and not is_container(root) and _has_memory_controller(root)


def is_virtual_machine(root: Path = Path("/")) -> bool:
    """Whether a hypervisor says that it is there (CPUID leaf 1, ECX bit 31, which /proc/cpuinfo shows as a flag)."""
    lines = _read(root / "proc/cpuinfo").splitlines()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return "hypervisor" in flags.split()


def is_container(root: Path = Path("/")) -> bool:
    """Whether a container manager left its mark: a file, or `container=` in the environment of the first process
    (systemd's Container Interface), which only root can read."""
    environment = _read(root / "proc/1/environ").split("\0")
    marked = any((root / mark).exists() for mark in _CONTAINER_MARKS)
    return marked or any(entry.startswith("container=") for entry in environment)


def _has_memory_controller(root: Path) -> bool:
    from lablib.kernel.cgroup2 import find_cgroup2

    mountinfo = root / "proc/self/mountinfo"
    cgroup = find_cgroup2(mountinfo) if mountinfo.exists() else None
    return cgroup is not None and "memory" in _read(root / cgroup.relative_to("/") / "cgroup.controllers").split()


def _read(path: Path) -> str:
    """What a file says; empty where it is not there or not for us."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
