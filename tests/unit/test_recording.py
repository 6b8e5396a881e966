"""Recordings: kept as they were, said to be broken where they are, and compared but for what varies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lablib.course.model import End, Step
from lablib.errors import ContentError
from lablib.session.recording import (
    MASK,
    Recorded,
    Recording,
    difference,
    load_recording,
    recording_file,
    save_recording,
)
from lablib.session.session import Outcome
from lablib.session.transcript import Pause
from tests.unit.made_course import says, write

RECORDING = Recording(
    "guest",
    "6.1.0",
    "Debian GNU/Linux 12 (bookworm)",
    "2026-02-03",
    80,
    {
        "look": Recorded(End.EXITED, 1, "one\n\n  two 世界 ▒\x1b"),
        "quiet": Recorded(End.EXITED, 0, "", (Pause(0, 2.5),)),
        "edit": Recorded(End.WAITING, None, "a \"b\" \\ 'c'"),
    },
)


def outcome(output: str) -> Outcome:
    return Outcome(End.EXITED, 0, output, 0.1)


def test_a_recording_reads_back_as_it_was_kept(tmp_path: Path) -> None:
    save_recording(tmp_path, RECORDING)
    assert load_recording(tmp_path, "guest") == RECORDING
    save_recording(tmp_path, RECORDING)
    assert load_recording(tmp_path, "guest") == RECORDING


def test_a_recording_is_text_that_is_compared_line_by_line(tmp_path: Path) -> None:
    save_recording(tmp_path, RECORDING)
    text = recording_file(tmp_path, "guest").read_text("utf-8")
    assert text.endswith("}\n")
    assert '"  two 世界 ▒\\u001b"' in [line.strip().rstrip(",") for line in text.split("\n")]


def test_there_is_one_for_each_kind_of_machine(tmp_path: Path) -> None:
    save_recording(tmp_path, RECORDING)
    assert load_recording(tmp_path, "host") is None
    assert RECORDING.is_of("guest", "6.1.0")
    assert not RECORDING.is_of("host", "6.1.0")
    assert not RECORDING.is_of("guest", "6.1.1")


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (lambda text: text.replace('"columns"', "columns"), 6, "not JSON"),
        (lambda text: text[: len(text) // 2], None, "not JSON"),
        (lambda text: "", 1, "not JSON"),
        (lambda text: "[]", 1, "not a recording"),
        (lambda text: "3", 1, "not a recording"),
        (lambda text: text.replace('"waiting"', '"hanging"'), 1, "hanging"),
        (lambda text: text.replace('"release"', '"releese"'), 1, "releese"),
        (lambda text: text.replace('"6.1.0"', "6.1"), 1, "release"),
        (lambda text: text.replace('"status": 1', '"statut": 1'), 1, "status"),
        (lambda text: text.replace('"status": 1', '"status": "1"'), 1, "status"),
        (lambda text: json.dumps(json.loads(text) | {"steps": {"a": 1}}), 1, "not a recording"),
        (lambda text: json.dumps(json.loads(text) | {"steps": []}), 1, "not a recording"),
        (lambda text: text.replace('[\n    ""\n   ]', '"text"'), 1, "list of lines"),
        (lambda text: text.replace('[\n    ""\n   ]', "[1]"), 1, "not a recording"),
    ],
)  # fmt: skip
def test_a_broken_recording_is_named_by_file_and_line(tmp_path: Path, change, line: int | None, reason: str) -> None:  # type: ignore[no-untyped-def]
    save_recording(tmp_path, RECORDING)
    path = recording_file(tmp_path, "guest")
    text = path.read_text("utf-8")
    changed = change(text)
    assert changed != text
    write(path, changed)
    with pytest.raises(ContentError) as caught:
        load_recording(tmp_path, "guest")
    says(caught, path, changed.count("\n") + 1 if line is None else line, reason)


def test_bytes_that_are_no_text_are_named_too(tmp_path: Path) -> None:
    write(recording_file(tmp_path, "guest"), b"{\n\xff")
    with pytest.raises(ContentError) as caught:
        load_recording(tmp_path, "guest")
    says(caught, recording_file(tmp_path, "guest"), 2, "UTF-8")


STEP = Step("look", "ps", varies=(r"\bpid \d+", r"^time: .*$"))
THEN = Recorded(End.EXITED, 0, "pid 12 sleeps\ntime: 1 s\nend")


def test_what_varies_is_not_compared() -> None:
    assert difference(STEP, THEN, outcome("pid 4567 sleeps\ntime: 20 s\nend")) is None


@pytest.mark.parametrize(
    ("now", "lines"),
    [
        ("pid 4567 runs\ntime: 20 s\nend", (f"{MASK} sleeps", f"{MASK} runs")),
        ("pid 4567 sleeps\ntime: 20 s", ("end", "")),
        ("pid 4567 sleeps\ntime: 20 s\nend\nmore", ("", "more")),
        ("", (f"{MASK} sleeps", "")),
    ],
)
def test_the_first_line_that_differs_is_told_then_and_now(now: str, lines: tuple[str, str]) -> None:
    assert difference(STEP, THEN, outcome(now)) == lines


def test_without_anything_that_varies_every_character_counts() -> None:
    assert difference(Step("look", "ps"), THEN, outcome(THEN.output)) is None
    assert difference(Step("look", "ps"), THEN, outcome(THEN.output.replace("12", "13"))) is not None
