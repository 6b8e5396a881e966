"""What the lesson looks like, row by row, in both languages and sizes, on a recording. `LABS_SNAPSHOTS=keep` writes the
pictures anew; look at the difference before keeping it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.machine.base import Size
from tests.end_to_end.screen import Screen

PICTURES = Path(__file__).parent / "snapshots"
SIZES = [Size(80, 24), Size(120, 40)]
BESIDE = Size(160, 40)
"""Where a live view stands beside the terminal."""
F1, F2, F3, F7, F8 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1b[18~", "\x1b[19~"
ESCAPE, LEAVE = "\x1b", "\x1d"
IN_TEXT = {"en": "^] shell", "zh": "^] 终端"}
ALL = {"en": "What can be done", "zh": "现在能做的事"}
NO_VIEW = {"en": "This is a recording", "zh": "这是录像"}
MOVE, SEARCHED = {"en": "y copy", "zh": "y 复制"}, {"en": "colours", "zh": "颜色"}
LATE_SECONDS = 10.0
RUN = {"en": "F2 run", "zh": "F2 运行"}
READY = {"en": "recording · Linux", "zh": "录像 · Linux"}


def started(tmp_path: Path, language: str, size: Size) -> Screen:
    """A lesson on a recording, whose machine is up."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    argv = [sys.executable, "-m", "tests.tui.replay_lesson", str(tmp_path), language]
    screen = Screen(argv, size, environment | {"TMPDIR": str(tmp_path)})
    screen.until(READY[language])
    screen.until("bookworm")
    return screen


@pytest.fixture(
    params=[(language, size) for language in READY for size in SIZES], ids=lambda p: f"{p[0]}-{p[1].columns}"
)
def lesson(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Screen, str, Size]]:
    language, size = request.param
    screen = started(tmp_path, language, size)
    yield screen, language, size
    screen.close()


class Pictures:
    """Takes pictures of `screen`. One that is not as it was is taken again for a while: a busy machine paints late."""

    def __init__(self, screen: Screen, path: Path) -> None:
        self._screen = screen
        self._path = path
        self._keep = os.environ.get("LABS_SNAPSHOTS") == "keep"
        self.told = ""
        self.expected = "" if self._keep else path.read_text("utf-8")

    def take(self, name: str) -> None:
        end = time.monotonic() + LATE_SECONDS
        while True:
            told = f"{self.told}=== {name}\n{self._screen.settled(1.0 if self._keep else 0.2)}\n"
            if self._keep or self.expected.startswith(told) or time.monotonic() > end:
                self.told = told
                return

    def compare(self) -> None:
        if self._keep:
            self._path.parent.mkdir(exist_ok=True)
            self._path.write_text(self.told, "utf-8")
        else:
            assert self.told == self.expected


def test_the_lesson_looks_as_it_did(lesson: tuple[Screen, str, Size]) -> None:
    screen, language, size = lesson
    pictures = Pictures(screen, PICTURES / f"{language}-{size.columns}x{size.rows}.txt")
    pictures.take("ready")
    screen.type_until(F2, RUN[language])  # the pane may be too small for the step and all that is said before it
    pictures.take("read to the step")
    screen.type(F2)
    screen.until("look\n")
    pictures.take("after the step, at the task")
    screen.type(F3)
    pictures.take("with a hint")
    screen.type(F1)
    pictures.take("help")
    screen.type(F1 + LEAVE + ":")
    screen.until(ALL[language])
    pictures.take("palette")
    screen.type(SEARCHED[language])
    pictures.take("palette, with something typed")
    screen.type(ESCAPE)
    screen.until(lambda text: ALL[language] not in text)
    screen.type("v")
    screen.until(MOVE[language])
    pictures.take("selecting by keys")
    screen.type(F1)
    pictures.take("help on that")
    screen.type(F1 + "q" + F7 + F7)
    pictures.take("at the question")
    screen.type(F2)
    screen.until(IN_TEXT[language])
    screen.type("2")
    screen.until("does what it is told" if language == "en" else "它就做什么")
    pictures.take("answered")
    screen.type("\x11")
    assert screen.ended() == 0
    pictures.compare()


@pytest.mark.parametrize("language", READY)
def test_a_wide_screen_looks_as_it_did(tmp_path: Path, language: str) -> None:
    screen = started(tmp_path, language, BESIDE)
    pictures = Pictures(screen, PICTURES / f"{language}-{BESIDE.columns}x{BESIDE.rows}.txt")
    screen.until("sleep 60")  # the whole chapter has come in
    screen.settled()
    screen.type(F8)
    screen.until(NO_VIEW[language])
    pictures.take("with a live view beside the terminal")
    screen.close()
    pictures.compare()
