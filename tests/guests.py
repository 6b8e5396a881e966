"""Guests for tests, and what they say. On a machine that cannot boot one the test is skipped with the reason; with
LABS_REQUIRE_KERNEL=1 it fails."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lablib.errors import MachineError
from lablib.kernel.procfs import ProcFS
from lablib.machine.guest import GuestMachine
from lablib.machine.kept import KeptMachine
from lablib.machine.probing import best
from lablib.machine.qemu import choosing
from lablib.machine.qemu.machine import QemuMachine

M = TypeVar("M", bound=KeptMachine)
REQUIRE = "LABS_REQUIRE_KERNEL"


def new_guest(**options: Any) -> GuestMachine:
    """A guest of the kernel that guests boot here, still to be opened. Raises MachineError."""
    kernel, _ = best()
    return GuestMachine(kernel, **options)


def new_in_qemu(**options: Any) -> QemuMachine:
    """A guest in QEMU, still to be opened. Raises MachineError."""
    emulator, image = choosing.best()
    return QemuMachine(image, emulator, **options)


def booted(**options: Any) -> GuestMachine:
    """A guest that is up; the test is skipped, or fails, where there can be none."""
    return _opened(new_guest, **options)


def booted_in_qemu(**options: Any) -> QemuMachine:
    """The same in QEMU."""
    return _opened(new_in_qemu, **options)


def _opened(make: Callable[..., M], **options: Any) -> M:
    try:
        machine = make(**options)
        machine.open()
    except MachineError as error:
        reason = f"no guest here: {error}; {REQUIRE}=1 makes this a failure"
        if os.environ.get(REQUIRE):
            pytest.fail(reason)
        pytest.skip(reason)
    return machine


def open_to_all(folder: Path) -> None:
    """Lets everybody look into a folder of tests, and into all that it lies in, so that it is not the mode that refuses
    what a test tries."""
    everybodys = Path(tempfile.gettempdir())
    for one in (folder, *folder.parents):
        if one == everybodys:
            break
        one.chmod(0o755)


def children(pid: int) -> list[int]:
    """The processes of this machine that `pid` started."""
    proc = ProcFS()
    return [child for child in proc.pids() if proc.parent(child) == pid]


def below(pid: int) -> list[int]:
    """Every process of this machine that descends from `pid`."""
    found = children(pid)
    for child in found:
        found += children(child)
    return found


def sh(machine: KeptMachine, text: str, timeout: float = 20.0) -> str:
    """What a shell script prints in the student's world, both streams, and its status last."""
    done = machine.run(["/bin/sh", "-c", text], timeout=timeout)
    return (done.out + done.err).decode(errors="replace") + f"status={done.status}"


def python(machine: KeptMachine, text: str, timeout: float = 20.0) -> str:
    """What a Python program prints in the student's world."""
    done = machine.run(["/usr/bin/python3", "-c", text], timeout=timeout)
    return (done.out + done.err).decode(errors="replace")
