"""A guest comes up every time: again and again, and beside others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lablib.machine.probing import best
from tests.guests import below, new_guest, sh

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


def test_one_that_waits_costs_no_time(practice: bool) -> None:
    with new_guest(practice=practice) as machine:
        time.sleep(0.5)
        assert machine._keeper is not None
        before = _ticks(machine._keeper.pid)
        time.sleep(2)
        assert _ticks(machine._keeper.pid) - before <= 2, "of a hundred in a second"


def _ticks(keeper: int) -> int:
    """What a guest and its keeper have had of the processor: utime and stime of proc_pid_stat(5)."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split() for pid in (keeper, *below(keeper))]
    return sum(int(fields[14 - 3]) + int(fields[15 - 3]) for fields in stats)
