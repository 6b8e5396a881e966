"""A recording as a machine: steps typed into it end as they once did."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.course.model import Chapter, End, Step
from lablib.machine.base import Size
from lablib.player import perform
from lablib.session.recording import Recorded, Recording
from lablib.session.replay import ReplayMachine
from lablib.session.session import Session
from lablib.verdict import Verdict

STEPS = (
    Step("look", "echo one\necho two"),
    Step("enter", "bash", ends=End.ENTERED),
    Step("fail", "false", status=1, inside="enter"),
    Step("back", "exit 3", ends=End.LEFT, inside="enter"),
    Step("absent", "systemctl", needs=("systemd",)),
)
RECORDING = Recording(
    "guest", "6.1.0", "Debian", "2026-11-25", 80,
    {
        "look": Recorded(End.EXITED, 0, "one\ntwo"),
        "enter": Recorded(End.ENTERED, None, ""),
        "fail": Recorded(End.EXITED, 1, ""),
        "back": Recorded(End.LEFT, 3, "exit"),
    },
)  # fmt: skip


@pytest.fixture
def machine() -> Iterator[ReplayMachine]:
    chapter = Chapter("made", 1, {}, (), (), (), {"en": STEPS}, Path())
    with ReplayMachine(chapter, RECORDING) as machine:
        yield machine


def test_every_recorded_step_plays_as_it_did_and_one_that_was_not_is_lacking(machine: ReplayMachine) -> None:
    chapter = Chapter("made", 1, {}, (), (), (), {"en": STEPS}, Path())
    played = {one.step.id: one for one in perform(chapter, machine, Size(80, 24))}
    assert all(one.as_declared for one in played.values()), played
    assert played["look"].outcome is not None and played["look"].outcome.output == "one\ntwo"
    assert played["absent"].lacking == ("systemd",)


def test_it_says_that_it_is_a_recording_and_runs_nothing_that_is_typed(machine: ReplayMachine) -> None:
    session = Session(machine, Size(80, 24))
    seen = bytearray()

    def read() -> None:
        while data := session.read():
            seen.extend(data)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    session.find_prompt()
    assert b"recording: guest, Linux 6.1.0, Debian, 2026-11-25" in seen
    session.write(b"rm -rf /\r")
    session.find_prompt()
    session.close()
    reader.join(5)
    assert not reader.is_alive()
    assert b"nothing that is typed runs here" in seen


def test_its_checks_are_blocked_never_passed(machine: ReplayMachine) -> None:
    results = machine.check("cgroups/memory-only")
    assert results
    assert {result.verdict for result in results} == {Verdict.BLOCKED}
