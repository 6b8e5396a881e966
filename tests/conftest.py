"""Fixtures of every test that needs a guest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lablib.course.model import Task
from lablib.course.parser import load_course
from lablib.machine.guest import GuestMachine
from tests.guests import booted

CONTENT = Path(__file__).parents[1] / "content"
NEED_A_GUEST = {"guests_boot", "shared_guest", "boot"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if NEED_A_GUEST & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(scope="session")
def guests_boot() -> None:
    """For tests that boot their own: skips them, or fails, where no guest can be."""
    booted().close()


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
