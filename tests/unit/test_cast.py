"""Asciicasts of a lesson: what was shown, when, with a marker for each step, and never what was typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lablib.errors import LabsError
from lablib.machine.base import Foreground, Size
from lablib.session import cast as cast_module
from lablib.session.cast import Cast, CastShell


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeShell:
    """Prints `pieces`, and takes whatever is typed."""

    status = None

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def write(self, data: bytes) -> None: ...

    def resize(self, size: Size) -> None: ...

    def close(self) -> None: ...

    def foreground(self) -> Foreground:
        return Foreground("bash", True)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_what_a_shell_shows_is_kept_with_its_time_and_a_marker_for_each_step(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.cast", Clock()
    with Cast(str(path), "A title", clock) as cast:
        shell = CastShell(
            FakeShell(b"one\r\n", "中".encode()[:2], "中".encode()[2:], b"\xff\x1b[31m"), cast, Size(80, 24)
        )
        shell.read()
        clock.now += 1.5
        cast.marker("first-step")
        shell.write(b"secret\r")
        shell.resize(Size(80, 24))
        shell.resize(Size(100, 30))
        for _ in range(4):
            shell.read()
    head, *events = lines(path)
    assert (head["version"], head["width"], head["height"], head["title"]) == (2, 80, 24, "A title")
    assert events == [
        [0.0, "o", "one\r\n"],
        [1.5, "m", "first-step"],
        [1.5, "r", "100x30"],
        [1.5, "o", "中"],
        [1.5, "o", "�\x1b[31m"],
    ]
    assert "secret" not in path.read_text("utf-8")


def test_nobody_else_may_read_it_and_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    Cast(str(path), "").close()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("mine")
    with pytest.raises(LabsError) as caught:
        Cast(str(path), "")
    assert caught.value.key == "cast-failed"
    assert path.read_text() == "mine"


def test_a_second_shell_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    with Cast(str(path), "") as cast:
        for text in (b"one", b"two"):
            CastShell(FakeShell(text), cast, Size(80, 24)).read()
    assert [event[2] for event in lines(path)[1:]] == ["one", "two"]


def test_a_program_that_prints_for_ever_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cast_module, "MAX_BYTES", 2000)
    path = tmp_path / "a.cast"
    with Cast(str(path), "") as cast:
        cast.size(Size(80, 24))
        for _ in range(1000):
            cast.output(b"y" * 100)
    assert path.stat().st_size < 2300
    assert lines(path)[-1][1:] == ["m", "full"]


def test_a_disk_that_is_full_ends_it_and_not_the_lesson(tmp_path: Path) -> None:
    cast = Cast(str(tmp_path / "a.cast"), "")
    cast._file.close()
    cast._file = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115 - which fails each write(2) with ENOSPC
    cast.size(Size(80, 24))
    cast.output(b"more")
    assert cast.failure is not None and cast.failure.key == "cast-failed"
    cast.close()
