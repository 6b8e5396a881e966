"""A recording as a machine: steps typed into it end as they once did."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.course.model import Chapter, End, Step
from lablib.machine.base import Size
from lablib.player import perform
from lablib.session.recording import Recorded, Recording
from lablib.session.replay import ReplayMachine
from lablib.session.session import Session
from lablib.session.transcript import Pause
from lablib.verdict import Verdict

STEPS = (
    Step("look", "echo one\necho two"),
    Step("enter", "bash", ends=End.ENTERED),
    Step("fail", "false", status=1, inside="enter"),
    Step("back", "exit 3", ends=End.LEFT, inside="enter"),
    Step("absent", "systemctl", needs=("systemd",)),
    Step("slow", "slow"),
    Step("slower", "slower", seconds=30),
    Step("keys", "echo; cat -n", ends=End.WAITING),
)
RECORDING = Recording(
    "guest", "6.1.0", "Debian", "2026-11-25", 80,
    {
        "look": Recorded(End.EXITED, 0, "one\ntwo"),
        "enter": Recorded(End.ENTERED, None, ""),
        "fail": Recorded(End.EXITED, 1, ""),
        "back": Recorded(End.LEFT, 3, "exit"),
        "slow": Recorded(End.EXITED, 0, "begun\nended", (Pause(1, 0.4), Pause(2, 0.2))),
        "slower": Recorded(End.EXITED, 0, "begun\nended", (Pause(1, 9.0), Pause(2, 9.0))),
        "keys": Recorded(End.WAITING, None, "type something"),
    },
)  # fmt: skip


@pytest.fixture
def machine() -> Iterator[ReplayMachine]:
    chapter = Chapter("made", 1, {}, (), (), (), {"en": STEPS}, Path())
    with ReplayMachine(chapter, RECORDING) as machine:
        yield machine


def test_every_recorded_step_plays_as_it_did_and_one_that_was_not_is_lacking(machine: ReplayMachine) -> None:
    quick = tuple(step for step in STEPS if step.id != "slower")
    chapter = Chapter("made", 1, {}, (), (), (), {"en": quick}, Path())
    played = {one.step.id: one for one in perform(chapter, machine, Size(80, 24))}
    assert all(one.as_declared for one in played.values()), played
    assert played["look"].outcome is not None and played["look"].outcome.output == "one\ntwo"
    assert played["absent"].lacking == ("systemd",)


class Reader:
    """A session whose output is kept."""

    def __init__(self, machine: ReplayMachine) -> None:
        self.session = Session(machine, Size(80, 24))
        self._seen = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.session.find_prompt()

    def _read(self) -> None:
        while data := self.session.read():
            self._seen.extend(data)

    @property
    def seen(self) -> str:
        return self._seen.decode()

    def play(self, commands: str) -> threading.Thread:
        thread = threading.Thread(target=lambda: self.session.run(commands, 30), daemon=True)
        thread.start()
        return thread

    def until(self, text: str) -> None:
        end = time.monotonic() + 10
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            time.sleep(0.01)

    def close(self) -> None:
        self.session.close()
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def reader(machine: ReplayMachine) -> Iterator[Reader]:
    reader = Reader(machine)
    yield reader
    reader.close()


def test_it_says_that_it_is_a_recording_and_of_what_and_runs_nothing_that_is_typed(reader: Reader) -> None:
    for told in ("A recording, made on 2026-11-25", "guest, Linux 6.1.0", "Debian. Nothing runs here"):
        assert told in reader.seen
    reader.session.write(b"rm -rf /\r")
    reader.session.find_prompt()
    reader.until("what is typed here does not run")


def test_it_speaks_the_reader_s_language() -> None:
    with ReplayMachine(Chapter("made", 1, {}, (), (), (), {"en": STEPS}, Path()), RECORDING, "zh") as machine:
        reader = Reader(machine)
        assert "录制" in reader.seen and "recording" not in reader.seen
        reader.close()


def test_a_step_is_silent_where_it_once_was(reader: Reader) -> None:
    playing = reader.play("slow")
    reader.until("begun")
    assert "ended" not in reader.seen
    playing.join(10)
    assert "begun\r\nended" in reader.seen


def test_any_key_shows_the_rest_of_a_step_at_once(reader: Reader) -> None:
    playing = reader.play("slower")
    reader.until("begun")
    reader.session.write(b"x")
    playing.join(5)
    assert not playing.is_alive()
    assert "ended" in reader.seen and "does not run" not in reader.seen


def test_a_program_that_waits_is_left_by_a_key_as_it_would_be(reader: Reader) -> None:
    outcome = reader.session.run("echo; cat -n")
    assert (outcome.end, outcome.program) == (End.WAITING, "cat")
    reader.session.write(b"\x03")
    reader.session.find_prompt()
    assert "does not run" not in reader.seen


def test_a_step_that_was_not_recorded_says_so(reader: Reader) -> None:
    assert "not recorded" in reader.session.run("systemctl").output


def test_it_can_be_closed_in_the_middle_of_a_silence(reader: Reader) -> None:
    reader.play("slower")
    reader.until("begun")


def test_its_checks_are_blocked_never_passed(machine: ReplayMachine) -> None:
    results = machine.check("cgroups/memory-only")
    assert results
    assert {result.verdict for result in results} == {Verdict.BLOCKED}
