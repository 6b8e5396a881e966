"""Guests for tests, and what they say. On a machine that cannot boot one the test is skipped with the reason; with
LABS_REQUIRE_KERNEL=1 it fails."""

from __future__ import annotations

import os

import pytest

from lablib.errors import MachineError
from lablib.machine.guest import GuestMachine

REQUIRE = "LABS_REQUIRE_KERNEL"


def booted(**options: int) -> GuestMachine:
    """A guest that is up; the test is skipped, or fails, where there can be none."""
    machine = GuestMachine(**options)
    try:
        machine.open()
    except MachineError as error:
        reason = f"no guest here: {error}; {REQUIRE}=1 makes this a failure"
        if os.environ.get(REQUIRE):
            pytest.fail(reason)
        pytest.skip(reason)
    return machine


def sh(machine: GuestMachine, text: str, timeout: float = 20.0) -> str:
    """What a shell script prints in the student's world, both streams, and its status last."""
    done = machine.run(["/bin/sh", "-c", text], timeout=timeout)
    return (done.out + done.err).decode(errors="replace") + f"status={done.status}"


def python(machine: GuestMachine, text: str, timeout: float = 20.0) -> str:
    """What a Python program prints in the student's world."""
    done = machine.run(["/usr/bin/python3", "-c", text], timeout=timeout)
    return (done.out + done.err).decode(errors="replace")
