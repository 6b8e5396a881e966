"""How the screen looks on terminals that can do less: without colours, with sixteen, with few signs, or not at all."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from rich.cells import cell_len

from lablib.language import preferred_language
from lablib.machine.base import Size
from tests.end_to_end.screen import PROJECT, Screen
from tests.tui.test_snapshots import F2, F3, READY, RUN
from tui.lesson.signs import TABLE, on_console
from tui.lesson.theme import ANSI_OF_CONSOLE, CONSOLE

SIZE = Size(80, 24)
LEAVE, PALETTE = "\x1d", ":"
CP437 = set(bytes(range(32, 256)).decode("cp437")) | set("☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼ø")
"""What the console's own font has, or its table has another letter for: drivers/tty/vt/cp437.uni."""
Start = Callable[..., Screen]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a lesson on a recording, whose terminal is as the variables say."""
    screens = []

    def run(language: str, **terminal: str) -> Screen:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "TMPDIR": str(tmp_path)}
        argv = [sys.executable, "-m", "tests.tui.replay_lesson", str(tmp_path), language]
        screens.append(Screen(argv, SIZE, environment | terminal))
        return screens[-1]

    yield run
    for screen in screens:
        screen.close()


def codes(screen: Screen) -> set[int]:
    """Every number that an SGR sequence said (ECMA-48 8.3.117)."""
    found = re.findall(rb"\x1b\[([0-9;]*)m", screen.raw)
    return {int(number) for parameters in found for number in parameters.split(b";") if number}


def through(screen: Screen) -> None:
    """A walk past all that has colours: a step, a task with a hint, the palette."""
    screen.until("bookworm")
    screen.until(lambda text: any(ready in text for ready in READY.values()))
    language = next(language for language, ready in READY.items() if ready in screen.text)
    screen.type_until(F2, RUN[language])  # there is more to read first
    screen.type(F2)
    screen.until("look\n")
    screen.type(F3)
    screen.settled()
    screen.type(LEAVE + PALETTE)
    screen.until("F11")
    screen.type("\x1b")
    screen.settled()


COLORS = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_who_wants_no_colours_gets_none_and_sees_what_is_chosen_all_the_same(start: Start, language: str) -> None:
    screen = start(language, TERM="xterm-256color", NO_COLOR="1")
    through(screen)
    assert not codes(screen) & COLORS
    screen.type(PALETTE)
    screen.until("F11")
    assert {4, 7} <= codes(screen), "underlined and reversed"


def test_sixteen_colours_are_used_as_they_are_and_keep_their_meanings_apart(start: Start) -> None:
    screen = start("en", TERM="xterm")
    through(screen)
    assert codes(screen) & COLORS and not codes(screen) & {38, 48}
    meanings = {CONSOLE.success, CONSOLE.warning, CONSOLE.error, CONSOLE.accent, CONSOLE.primary, CONSOLE.foreground}
    assert len(meanings) == 6
    ours = {*(triplet.hex for triplet in map(ANSI_OF_CONSOLE.ansi_colors.__getitem__, range(16)))}
    assert {color for color in meanings if color} <= ours, "each becomes itself"


def test_on_the_console_no_sign_is_shown_that_its_font_lacks(start: Start) -> None:
    screen = start("en", TERM="linux")
    through(screen)
    plain = re.sub(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)", b"", screen.raw).decode()
    assert {sign for sign in plain if sign.isprintable()} <= CP437
    assert "ø" in plain and "•" in plain


def test_a_sign_and_its_stand_in_are_as_wide() -> None:
    assert on_console("✓ ✗ ● ╭─╮ … ⊘ 中文") == "√ x • ┌─┐ . ø 中文"
    assert on_console("plain") == "plain"
    assert {sign: cell_len(chr(sign)) for sign in TABLE} == {sign: cell_len(plain) for sign, plain in TABLE.items()}


def test_english_is_spoken_where_the_font_has_no_chinese_unless_it_was_asked_for() -> None:
    chinese: Mapping[str, str] = {"LANG": "zh_CN.UTF-8"}
    assert preferred_language(chinese) == "zh"
    assert preferred_language({**chinese, "TERM": "linux"}) == "en"
    assert preferred_language({**chinese, "TERM": "linux", "LABS_LANG": "zh"}) == "zh"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("terminal", [{"TERM": "dumb"}, {}], ids=["dumb", "no name"])
def test_a_terminal_that_can_only_print_lines_is_told_what_works_there(
    tmp_path: Path, terminal: dict[str, str], language: str
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "XDG_STATE_HOME": str(tmp_path),
        "HOME": str(tmp_path),
    }
    argv = [sys.executable, str(PROJECT / "labs/__main__.py"), "start", "cgroups", "--lang", language]
    screen = Screen(argv, SIZE, environment | terminal)
    screen.until("labs run -i cgroups")
    assert screen.ended() == 3
    assert b"\x1b" not in screen.raw
    screen.close()
