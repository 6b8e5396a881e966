"""Behind the screen: the work is kept, a reset is one machine after another, other terminals come in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.message import Message
from textual.message_pump import MessagePump

from lablib.attach.client import ask_reset, ask_shell
from lablib.attach.frames import Kind, receive
from lablib.attach.sockets import running_labs
from lablib.errors import LabsError, MachineError
from lablib.machine.base import Size
from tests.tui.fake_machine import FakeMachine
from tui.lesson import backstage as backstage_module
from tui.lesson.backstage import Backstage
from tui.lesson.news import MachineFailed, MachineLost, MachineReady, MachineResetting, Trouble

SIZE = Size(80, 24)


class Screen(MessagePump):
    """Only hears."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def post_message(self, message: Message) -> bool:
        self.heard.append(message)
        return True

    def kinds(self) -> list[type[Message]]:
        return [type(message) for message in self.heard]


class Stage:
    """A backstage whose machines are made when they are asked for."""

    def __init__(self) -> None:
        self.screen = Screen()
        self.machines: list[FakeMachine] = []
        self.next: Callable[[], FakeMachine] = FakeMachine
        self.backstage = Backstage(self.screen, self._make)

    def _make(self) -> FakeMachine:
        self.machines.append(self.next())
        return self.machines[-1]

    def up(self) -> FakeMachine:
        self.backstage.open()
        until(lambda: MachineReady in self.screen.kinds())
        return self.machines[-1]


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstage_module, "KEEP_SECONDS", 0.02)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.backstage.close_now()


def test_the_work_is_kept_again_and_again(stage: Stage) -> None:
    machine = stage.up()
    until(lambda: machine.saves > 3)
    assert any(thread.name == "work-keeper" for thread in threading.enumerate())


def test_what_keeps_it_from_being_kept_is_said_once_until_it_is_mended(stage: Stage) -> None:
    machine = stage.up()
    machine.work_failure = MachineError("work-too-large", limit=16, entries=10_000)
    until(lambda: Trouble in stage.screen.kinds())
    time.sleep(0.2)
    assert stage.screen.kinds().count(Trouble) == 1
    saves, machine.work_failure = machine.saves, None
    until(lambda: machine.saves > saves + 1)
    machine.work_failure = MachineError("work-no-folder")
    until(lambda: stage.screen.kinds().count(Trouble) == 2)


def test_a_machine_that_is_lost_is_no_news_about_the_work(stage: Stage) -> None:
    machine = stage.up()
    machine.close()
    until(lambda: not any(thread.name == "work-keeper" for thread in threading.enumerate()))
    assert Trouble not in stage.screen.kinds() and stage.screen.kinds()[-1] is MachineLost


def test_closing_keeps_the_work_once_more_and_then_no_more(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstage_module, "KEEP_SECONDS", 60)
    machine = stage.up()
    stage.backstage.close_now()
    assert (machine.saves, machine.closed.is_set()) == (1, True)


def test_a_work_that_cannot_be_kept_does_not_keep_a_machine_from_closing(stage: Stage) -> None:
    machine = stage.up()
    machine.work_failure = OSError("broken")
    stage.backstage.close_now()
    assert machine.closed.is_set()
    assert Trouble in stage.screen.kinds()


def test_a_reset_keeps_the_work_and_brings_up_a_fresh_machine(stage: Stage) -> None:
    old = stage.up()
    stage.backstage.reset()
    until(lambda: stage.screen.kinds().count(MachineReady) == 2)
    assert stage.screen.kinds() == [MachineReady, MachineResetting, MachineReady]
    assert old.saves and old.closed.is_set()
    new = stage.machines[-1]
    assert new is not old and not new.closed.is_set()
    until(lambda: new.saves > 1)
    assert sum(thread.name == "work-keeper" for thread in threading.enumerate()) == 1


def test_a_reset_that_would_lose_work_is_refused_and_changes_nothing(stage: Stage) -> None:
    machine = stage.up()
    machine.work_failure = MachineError("work-too-large", limit=16, entries=10_000)
    with pytest.raises(MachineError):
        stage.backstage.reset_now()
    assert not machine.closed.is_set() and len(stage.machines) == 1
    assert MachineResetting not in stage.screen.kinds()
    assert stage.backstage.shell_when_up(SIZE)


def test_a_machine_that_does_not_answer_is_kept_and_can_be_reset_all_the_same(stage: Stage) -> None:
    machine = stage.up()
    machine.work_failure = MachineError("machine-silent")
    until(lambda: Trouble in stage.screen.kinds())
    assert MachineLost not in stage.screen.kinds() and not machine.closed.is_set()
    assert stage.backstage.reset_now() >= 0
    assert machine.closed.is_set() and stage.screen.kinds()[-1] is MachineReady


def test_a_machine_that_is_lost_can_be_reset(stage: Stage) -> None:
    stage.up().close()
    assert stage.backstage.reset_now() >= 0
    assert stage.screen.kinds()[-1] is MachineReady


def test_a_reset_without_a_new_machine_says_so_to_both_sides(stage: Stage) -> None:
    stage.up()
    stage.next = lambda: FakeMachine(failure=MachineError("guest-kernel-missing", program="x"))
    with pytest.raises(MachineError):
        stage.backstage.reset_now()
    assert stage.screen.kinds()[-1] is MachineFailed
    stage.next = FakeMachine
    stage.backstage.open()
    until(lambda: stage.screen.kinds()[-1] is MachineReady)


def test_resets_at_once_come_one_after_the_other(stage: Stage) -> None:
    stage.up()
    for _ in range(3):
        stage.backstage.reset()
    until(lambda: stage.screen.kinds().count(MachineReady) == 4)
    assert [machine.closed.is_set() for machine in stage.machines] == [True, True, True, False]


def test_closing_during_a_reset_leaves_no_machine(stage: Stage) -> None:
    stage.up()
    slow = FakeMachine()
    slow.gate.clear()
    stage.next = lambda: slow
    stage.backstage.reset()
    assert slow.opening.wait(10)
    stage.backstage.close_now()
    until(lambda: slow.closed.is_set())
    assert all(machine.closed.is_set() for machine in stage.machines)


def test_other_terminals_come_in_also_while_the_machine_starts(stage: Stage) -> None:
    slow = FakeMachine()
    slow.gate.clear()
    stage.next = lambda: slow
    stage.backstage.offer("cgroups")
    stage.backstage.open()
    until(running_labs)
    threading.Timer(0.2, slow.gate.set).start()
    (lab,) = running_labs()
    with ask_shell(lab, SIZE) as connection:
        frame = receive(connection)
        assert frame is not None and frame.kind is Kind.OUTPUT
    stage.next = FakeMachine
    assert ask_reset(lab) >= 0
    assert stage.screen.kinds() == [MachineReady, MachineResetting, MachineReady]
    stage.backstage.close_now()
    assert running_labs() == []


def test_a_terminal_that_waits_for_a_machine_that_fails_is_told(stage: Stage) -> None:
    stage.next = lambda: FakeMachine(failure=MachineError("guest-kernel-missing", program="x"))
    stage.backstage.offer("cgroups")
    stage.backstage.open()
    until(lambda: MachineFailed in stage.screen.kinds())
    stage.machines[-1].close()
    (lab,) = running_labs()
    with pytest.raises(LabsError):
        ask_reset(lab)


def test_a_lesson_goes_on_where_no_socket_can_be(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "runtime/container-labs").mkdir(mode=0o755)
    stage.backstage.offer("cgroups")
    stage.up()
    assert stage.screen.kinds() == [Trouble, MachineReady]
