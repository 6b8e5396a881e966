"""What the lesson looks like, row by row, in both languages and sizes, on a recording. `LABS_SNAPSHOTS=keep` writes the
pictures anew; look at the difference before keeping it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.machine.base import Size
from tests.end_to_end.screen import Screen

PICTURES = Path(__file__).parent / "snapshots"
SIZES = [Size(80, 24), Size(120, 40)]
F1, F2, F3, F7 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1b[18~"
READY = {"en": "recording · Linux", "zh": "录像 · Linux"}


@pytest.fixture(
    params=[(language, size) for language in READY for size in SIZES], ids=lambda p: f"{p[0]}-{p[1].columns}"
)
def lesson(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Screen, str, Size]]:
    language, size = request.param
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    argv = [sys.executable, "-m", "tests.tui.replay_lesson", str(tmp_path), language]
    screen = Screen(argv, size, environment | {"TMPDIR": str(tmp_path)})
    yield screen, language, size
    screen.close()


def test_the_lesson_looks_as_it_did(lesson: tuple[Screen, str, Size]) -> None:
    screen, language, size = lesson
    screen.until(READY[language])
    screen.until("bookworm")
    pictures = {"ready": screen.settled()}
    screen.type(F2)
    screen.until("look\n")
    pictures["after the step, at the task"] = screen.settled()
    screen.type(F3)
    pictures["with a hint"] = screen.settled()
    screen.type(F1)
    pictures["help"] = screen.settled()
    screen.type(F1 + F7 + F7)
    pictures["at the question"] = screen.settled()
    screen.type(F2)
    screen.until("^] shell" if language == "en" else "^] 终端")
    screen.type("2")
    screen.until("does what it is told" if language == "en" else "它就做什么")
    pictures["answered"] = screen.settled()
    screen.type("\x11")
    assert screen.ended() == 0
    told = "\n".join(f"=== {name}\n{text}" for name, text in pictures.items()) + "\n"
    path = PICTURES / f"{language}-{size.columns}x{size.rows}.txt"
    if os.environ.get("LABS_SNAPSHOTS") == "keep":
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, "utf-8")
    assert told == path.read_text("utf-8")
