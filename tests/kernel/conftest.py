"""What tests of several files here start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lablib.machine.guest import GuestMachine
from tests.sessions import ReadSession


@pytest.fixture
def session(shared_guest: GuestMachine) -> Iterator[ReadSession]:
    """A session of its own in the shared guest."""
    session = ReadSession(shared_guest)
    yield session
    session.end()
