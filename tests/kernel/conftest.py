"""Guests for tests. On a machine that cannot boot one these tests are skipped with the reason; with
LABS_REQUIRE_KERNEL=1 that is a failure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lablib.course.model import Task
from lablib.course.parser import load_course
from lablib.errors import MachineError
from lablib.machine.guest import GuestMachine

CONTENT = Path(__file__).parents[2] / "content"
REQUIRE = "LABS_REQUIRE_KERNEL"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.kernel)


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


@pytest.fixture(scope="session")
def shared_guest() -> Iterator[GuestMachine]:
    """One guest for tests that leave it as it was."""
    with_guest = booted()
    yield with_guest
    with_guest.close()


@pytest.fixture
def boot() -> Iterator[Callable[..., GuestMachine]]:
    """Boots a guest of the test's own, closed afterwards."""
    machines: list[GuestMachine] = []

    def make(**options: int) -> GuestMachine:
        machines.append(booted(**options))
        return machines[-1]

    yield make
    for machine in machines:
        machine.close()


@pytest.fixture(scope="session")
def tasks() -> dict[str, Task]:
    return {task.id: task for chapter in load_course(CONTENT).chapters for task in chapter.tasks}


def sh(machine: GuestMachine, text: str, timeout: float = 20.0) -> str:
    """What a shell script prints in the student's world, both streams, and its status last."""
    done = machine.run(["/bin/sh", "-c", text], timeout=timeout)
    return (done.out + done.err).decode(errors="replace") + f"status={done.status}"


def python(machine: GuestMachine, text: str, timeout: float = 20.0) -> str:
    """What a Python program prints in the student's world."""
    done = machine.run(["/usr/bin/python3", "-c", text], timeout=timeout)
    return (done.out + done.err).decode(errors="replace")
