from __future__ import annotations

import base64
from pathlib import Path

import pytest
from rich.color import Color

from lablib.machine.base import Size
from tui.terminal.engine import BRACKETED_PASTE, SYNCHRONIZED_OUTPUT, Engine
from tui.terminal.engines import ghostty
from tui.terminal.style import style


@pytest.fixture
def answers() -> list[bytes]:
    return []


@pytest.fixture
def engine(answers: list[bytes]) -> Engine:
    return ghostty(Size(20, 5), answers.append)


def texts(engine: Engine, back: int = 0) -> list[str]:
    return ["".join(run.text for run in engine.runs(row)).rstrip() for row in engine.rows(back)]


def test_there_are_always_as_many_rows_as_the_screen_has(engine: Engine) -> None:
    assert texts(engine) == [""] * 5
    engine.feed(b"one\r\ntwo")
    assert texts(engine) == ["one", "two", "", "", ""]


def test_a_row_changes_only_when_it_looks_different(engine: Engine) -> None:
    engine.feed(b"one\r\ntwo")
    before = engine.rows()
    engine.feed(b"\x1b[1;1H\x1b[31mone\x1b[0m")
    after = engine.rows()
    assert before[0] != after[0]
    assert before[1:] == after[1:]


def test_colours_and_attributes_become_runs(engine: Engine) -> None:
    engine.feed(b"a\x1b[1;32mb\x1b[0;48;5;208mc\x1b[0;38;2;1;2;3md\x1b[0m")
    looks = {run.text.strip(): style(run.sgr) for run in engine.runs(engine.rows()[0])}
    assert looks["b"].bold and looks["b"].color == Color.from_ansi(2)
    assert looks["c"].bgcolor == Color.from_ansi(208)
    assert looks["d"].color == Color.from_rgb(1, 2, 3)
    assert not looks["a"].bold


def test_a_wide_character_that_does_not_fit_moves_to_the_next_row() -> None:
    engine = ghostty(Size(5, 3), lambda _: None)
    engine.feed("中文字".encode())
    assert texts(engine)[:2] == ["中文", "字"]


def test_what_scrolled_away_is_found_in_the_history(engine: Engine) -> None:
    engine.feed(b"".join(b"%d\r\n" % n for n in range(1, 3001)))
    assert engine.scrollback == 2996
    assert texts(engine, back=2996)[0] == "1"
    assert texts(engine)[3] == "3000"


def test_the_alternate_screen_is_told_and_left_again(engine: Engine) -> None:
    engine.feed(b"shell\x1b[?1049h\x1b[Hvim")
    assert engine.alternate and texts(engine)[0] == "vim"
    engine.feed(b"\x1b[?1049l")
    assert not engine.alternate and texts(engine)[0] == "shell"


def test_modes_and_cursor_are_read(engine: Engine) -> None:
    engine.feed(b"ab\x1b[?25l\x1b[?2004h\x1b[?2026h")
    assert (engine.cursor.x, engine.cursor.y, engine.cursor.visible) == (2, 0, False)
    assert engine.mode(BRACKETED_PASTE) and engine.mode(SYNCHRONIZED_OUTPUT)


def test_resizing_to_nothing_is_survived(engine: Engine) -> None:
    engine.feed(b"x" * 100)
    for size in (Size(0, 0), Size(1, 1), Size(5000, 3)):
        engine.resize(size)
        assert engine.rows()


def test_questions_of_programs_are_answered(engine: Engine, answers: list[bytes]) -> None:
    engine.feed(b"ab\x1b[c\x1b[6n")
    assert answers[0].startswith(b"\x1b[?")
    assert answers[1] == b"\x1b[1;3R"


def test_the_keyboard_protocol_we_do_not_speak_is_not_claimed(engine: Engine, answers: list[bytes]) -> None:
    engine.feed(b"\x1b[?u")
    assert answers == []


def test_titles_and_clipboard_cannot_be_played_back_as_typing(engine: Engine, answers: list[bytes]) -> None:
    engine.feed(b"\x1b]0;rm -rf\x07\x1b[21t\x1b]52;c;cm0gLXJm\x07\x1b]52;c;?\x07\x05")
    assert answers == []


def test_a_program_cannot_make_the_screen_read_files_of_this_machine(
    engine: Engine, answers: list[bytes], tmp_path: Path
) -> None:
    secret = tmp_path / "tty-graphics-protocol-secret"
    secret.write_bytes(b"\0\0\0")
    name = base64.b64encode(str(secret).encode())
    for medium in (b"f", b"t"):
        engine.feed(b"\x1b_Ga=T,i=1,t=%s,f=24,s=1,v=1;%s\x1b\\" % (medium, name))
    assert answers == []
    assert secret.exists()


def test_rows_never_carry_control_characters(engine: Engine) -> None:
    engine.feed(b"\x00\x07\x1bPjunk\x1b\\\x9b31m\xff\xfe\xc2\x9b\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\")
    shown = "".join(texts(engine))
    assert "link" in shown
    assert all(c.isprintable() for c in shown)
