"""Steps that are taller than the terminal: each line of them is to be read there and in its history."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lablib.course.model import End
from lablib.machine.base import Size
from lablib.machine.guest import GuestMachine
from tests.sessions import ReadSession, ends
from tui.terminal.engine import Engine
from tui.terminal.engines import ghostty

SMALL = Size(80, 12)
TALL = "cat > /tmp/tall <<'END'\n" + "".join(f"line {n} {'长' * (n % 50)}.\n" for n in range(1, 43)) + "END\nstty size"


def shown(engine: Engine) -> list[str]:
    """Every row there is, the history first, those that were too long for one joined by nobody."""
    back, found = engine.scrollback, list[str]()
    while True:
        found += ("".join(run.text for run in engine.runs(row)).rstrip() for row in engine.rows(back))
        if back == 0:
            return found
        rows = len(engine.rows())
        if back < rows:
            del found[len(found) - (rows - back) :]
        back = max(0, back - rows)


def screen_of(session: ReadSession) -> Engine:
    engine = ghostty(SMALL, session.write)
    engine.feed(bytes(session.seen))
    return engine


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def drop(session: ReadSession) -> None:
    """Ctrl-C at a line that was begun."""
    before = session._prompts
    session.type("\x03")
    until(lambda: session._prompts > before)


def in_order(rows: list[str]) -> bool:
    """Whether the lines of TALL stand there one below the other, whatever was broken into more rows."""
    text = "".join(rows).replace(" ", "")
    return TALL.replace("\n", "").replace(" ", "") in text


@pytest.fixture
def small(shared_guest: GuestMachine) -> ReadSession:
    session = ReadSession(shared_guest)
    session.resize(SMALL)
    session.find_prompt()
    session.seen.clear()
    return session


def test_a_step_taller_than_the_terminal_is_shown_whole_and_runs_in_a_terminal_as_it_is(small: ReadSession) -> None:
    outcome = small.run(TALL)
    assert ends(outcome) == (End.EXITED, 0)
    assert in_order(shown(screen_of(small)))
    assert small.says("stty size") == "12 80"
    assert small.says("wc -l < /tmp/tall") == "42"
    small.end()


def test_what_a_reader_pastes_is_shown_whole_too(small: ReadSession) -> None:
    small.type("\x1b[200~" + TALL.replace("\n", "\r") + "\x1b[201~")
    small.type("\r")
    until(lambda: b"\x0712 80\r\n" in small.seen)
    assert in_order(shown(screen_of(small)))
    assert small.says("stty size") == "12 80"
    small.end()


def test_what_is_dropped_again_leaves_the_terminal_as_it_is(small: ReadSession) -> None:
    small.type("\x1b[200~" + TALL.replace("\n", "\r") + "\x1b[201~")
    small.expect("stty size")
    drop(small)
    assert small.says("stty size") == "12 80"
    assert small.says("echo short") == "short"
    small.end()


def test_a_new_size_holds_whatever_is_being_typed(small: ReadSession) -> None:
    small.type("\x1b[200~" + TALL.replace("\n", "\r") + "\x1b[201~")
    small.expect("stty size")
    small.resize(Size(70, 20))
    drop(small)
    assert small.says("stty size") == "20 70"
    small.end()
