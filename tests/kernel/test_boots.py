"""A guest comes up every time: again and again, and beside others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lablib.machine.probing import best
from tests.guests import new_guest, sh

pytestmark = pytest.mark.usefixtures("guests_boot")


@pytest.fixture(params=[False, True], ids=["grading", "practice"])
def practice(request: pytest.FixtureRequest) -> bool:
    if request.param and not best()[1].seccomp:
        pytest.skip("this kernel knows no seccomp=on")
    return bool(request.param)


def says_who_it_is(practice: bool) -> str:
    with new_guest(practice=practice) as machine:
        return sh(machine, "uname -r")


def test_twenty_times_in_a_row(practice: bool) -> None:
    expected = f"{best()[1].release}\nstatus=0"
    assert [says_who_it_is(practice) for _ in range(20)] == [expected] * 20


def test_four_at_a_time(practice: bool) -> None:
    expected = f"{best()[1].release}\nstatus=0"
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(says_who_it_is, [practice] * 8)) == [expected] * 8
