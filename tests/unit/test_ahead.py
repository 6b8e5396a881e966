"""Machines that are begun before they are asked for."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from lablib.errors import MachineError
from lablib.machine import ahead
from lablib.machine.ahead import Ahead, available_memory


class Coming:
    """Notes what is done to it."""

    def __init__(self, problem: MachineError | None = None) -> None:
        self.problem = problem
        self.is_coming = False
        self.closed = False

    def begin(self) -> None:
        if self.problem is not None:
            raise self.problem
        self.is_coming = True

    def close(self) -> None:
        self.closed = True


class Maker:
    def __init__(self, problem: MachineError | None = None) -> None:
        self.problem = problem
        self.made: list[Coming] = []

    def __call__(self) -> Any:
        self.made.append(Coming(self.problem))
        return self.made[-1]


@pytest.fixture(autouse=True)
def never_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "REST_SECONDS", 3600.0)


def test_the_one_that_was_begun_is_handed_out() -> None:
    make = Maker()
    with closing(Ahead(make)) as machines:
        machines.begin()
        assert machines() is make.made[0]
        assert len(make.made) == 1
    assert not make.made[0].closed, "it is not ours any more"


def test_no_more_than_one_waits() -> None:
    make = Maker()
    with closing(Ahead(make)) as machines:
        machines.begin()
        machines.begin()
        assert len(make.made) == 1


def test_without_one_a_new_one_is_made() -> None:
    make = Maker()
    with closing(Ahead(make)) as machines:
        assert machines() is make.made[0]


def test_one_that_failed_while_it_waited_is_not_handed_out() -> None:
    make = Maker()
    with closing(Ahead(make)) as machines:
        machines.begin()
        make.made[0].is_coming = False
        assert machines() is make.made[1]
        assert make.made[0].closed


def test_what_keeps_one_from_being_made_is_left_to_the_next_to_tell() -> None:
    def make() -> Any:
        raise MachineError("guest-kernel-missing", program="linux.uml")

    with closing(Ahead(make)) as machines:
        machines.begin()
        with pytest.raises(MachineError):
            machines()


def test_what_keeps_one_from_beginning_is_left_to_the_next_to_tell() -> None:
    make = Maker(MachineError("no-room"))
    with closing(Ahead(make)) as machines:
        machines.begin()
        assert make.made[0].closed
        assert machines() is make.made[1]


def test_the_next_begins_a_little_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "REST_SECONDS", 0.0)
    make = Maker()
    with closing(Ahead(make)) as machines:
        machines()
        assert machines._timer is not None
        machines._timer.join(10)
        assert [machine.is_coming for machine in make.made] == [False, True]


def test_one_that_waits_goes_when_it_is_closed_and_none_begins_then() -> None:
    make = Maker()
    machines = Ahead(make)
    machines.begin()
    machines.close()
    assert make.made[0].closed
    machines.begin()
    assert len(make.made) == 1


def test_none_waits_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "available_memory", lambda: 512 << 20)
    make = Maker()
    with closing(Ahead(make)) as machines:
        machines.begin()
        assert make.made == []


def test_this_machine_tells_what_memory_it_has_left() -> None:
    assert available_memory() > 0
