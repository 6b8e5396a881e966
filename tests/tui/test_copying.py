"""Selecting and copying in a terminal by keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.geometry import Offset

from lablib.machine.base import Size
from tests.tui.fake_machine import FakeMachine
from tests.tui.lessons import lesson, running, shown
from tests.tui.test_terminal import TerminalApp
from tests.tui.waiting import until
from tui.lesson.status_bar import Focus
from tui.terminal.copying import Copying, Spot
from tui.terminal.engines import ghostty
from tui.terminal.widget import Terminal

LEAVE = "ctrl+right_square_bracket"


class CopyApp(TerminalApp):
    """Keeps what is copied."""

    copied = ""

    def on_selecting_copied(self, event: Terminal.Copied) -> None:
        self.copied = event.text


def at(text: str, columns: int = 20, rows: int = 4, back: int = 0) -> Copying:
    engine = ghostty(Size(columns, rows), lambda data: None)
    engine.feed(text.replace("\n", "\r\n").encode())
    return Copying(engine, columns, back)


def test_one_begins_where_the_cursor_is_or_where_one_looks() -> None:
    assert at("one\ntwo").at == Spot(3, 2)
    assert at("1\n2\n3\n4\n5\n6\n7", back=2).at == Spot(0, 2)


def test_keys_lead_through_cells_rows_pages_and_to_both_ends() -> None:
    copying = at("\n".join(str(number) for number in range(100)))
    for key, spot in (
        ("up", Spot(2, 1)), ("k", Spot(2, 2)), ("j", Spot(2, 1)), ("left", Spot(1, 1)), ("h", Spot(0, 1)),
        ("h", Spot(0, 1)), ("end", Spot(1, 1)), ("home", Spot(0, 1)), ("pageup", Spot(0, 4)), ("pagedown", Spot(0, 1)),
        ("g", Spot(0, 99)), ("up", Spot(0, 99)), ("G", Spot(0, 0)), ("down", Spot(0, 0)),
    ):  # fmt: skip
        assert copying.move(key) and copying.at == spot, key
    assert not copying.move("x")


def test_the_view_follows_no_further_than_it_must() -> None:
    copying = at("\n".join(str(number) for number in range(100)))
    seen = []
    for _ in range(5):
        copying.move("up")
        seen.append(copying.back)
    assert seen == [0, 0, 0, 1, 2]
    copying.move("down")
    assert copying.back == 2
    copying.move("G")
    assert copying.back == 0


def test_wide_characters_are_gone_over_and_marked_whole() -> None:
    copying = at("ab中文字cd")
    copying.move("home")
    seen = []
    for _ in range(6):
        copying.move("right")
        seen.append(copying.at.x)
    assert seen == [1, 2, 4, 6, 8, 9]
    copying.move("left")
    copying.move("left")
    assert copying.selection().get_span(0) == (6, 8), "the cell behind the middle of a wide character is its own"
    copying.begin()
    copying.move("home")
    assert copying.selection().get_span(0) == (0, 8)


def test_what_is_marked_stays_so_while_more_comes_below() -> None:
    copying = at("a\nb\nc\nd")
    copying.begin()
    copying.move("up")
    copying._engine.feed(b"\r\ne\r\nf")
    copying.grown(2)
    assert [row.strip() for _, row in copying.rows()] == ["c", "d"]
    assert copying.selection() == (Offset(1, 2), Offset(2, 3))


async def test_a_history_that_is_cleared_meanwhile_ends_it_and_no_key_before_that_does_harm() -> None:
    copying = at("\n".join(str(number) for number in range(100)))
    copying.move("g")
    copying.begin()
    copying._engine.feed(b"\x1b[3J\x1b[H\x1b[2J")
    for key in ("right", "end", "down", "up", "pageup", "g"):
        copying.move(key)
        assert list(copying.rows()) and copying.selection() and copying.caret
    app = CopyApp("sh", "-c", "seq 100; read -r _; printf '\\033[3J'; sleep 9")
    async with app.run_test(size=(30, 8)) as pilot:
        await until(pilot, app.shows("\n100\n"))
        app.terminal.begin_copying()
        await pilot.press("g")
        app.terminal._send(b"\r")
        await until(pilot, lambda: not app.terminal.copying)
        await until(pilot, app.shows("\n100\n"))


async def test_text_over_more_than_a_page_of_history_is_copied_as_it_was() -> None:
    app = CopyApp()
    async with app.run_test(size=(30, 8)) as pilot:
        await until(pilot, app.shows("lab#"))
        await app.enter(pilot, "for n in $(seq 50); do echo 第$n行; done")
        await until(pilot, app.shows("\n第50行\n"))
        app.terminal.begin_copying()
        await pilot.press("up", "home", "space", *["pageup"] * 4, "y")
        await until(pilot, lambda: bool(app.copied))
        assert app.copied.split("\n") == [f"第{n}行" for n in range(22, 50)] + ["第"]
        assert not app.terminal.copying and app.shows("\n第50行\n")()


@pytest.mark.parametrize("key", ["escape", "q", "ctrl+c"])
async def test_one_leaves_without_a_copy_and_the_shell_hears_of_no_key(key: str) -> None:
    app = CopyApp()
    async with app.run_test(size=(30, 8)) as pilot:
        await until(pilot, app.shows("lab#"))
        app.terminal.begin_copying()
        await pilot.press("x", "g", "space", "G", key)
        assert not app.terminal.copying and not app.copied
        await pilot.press(*"echo", "space", "$", "?", "enter")
        await until(pilot, app.shows("lab# echo $?\n0\n"))


async def test_what_is_marked_is_seen_and_what_the_mouse_marks_is_cut_alike() -> None:
    app = CopyApp("sh", "-c", "printf '中文字ab\\r\\nxyz'; sleep 9")
    async with app.run_test(size=(20, 5)) as pilot:
        await until(pilot, app.shows("xyz"))
        app.terminal.begin_copying()
        await pilot.press("up", "home", "right", "space", "down")
        assert app.terminal._selected == (Offset(2, 0), Offset(3, 1))
        by_mouse = app.terminal.get_selection(app.terminal._selected)
        look = app.screen.get_component_rich_style("screen--selection").bgcolor
        lit = "".join(s.text for s in app.terminal.render_line(0) if s.style is not None and s.style.bgcolor == look)
        assert lit.rstrip() == "文字ab"
        rows = [app.terminal.render_line(y) for y in range(5)]
        reverse = [(y, s.text) for y, row in enumerate(rows) for s in row if s.style is not None and s.style.reverse]
        assert reverse == [(1, "z")], "where one is, and not where the shell is"
        await pilot.press("y")
        await until(pilot, lambda: bool(app.copied))
        assert by_mouse == (app.copied, "\n") == ("文字ab\nxyz", "\n")


async def test_what_is_typed_or_pasted_or_a_new_size_ends_it() -> None:
    app = CopyApp()
    async with app.run_test(size=(30, 8)) as pilot:
        await until(pilot, app.shows("lab#"))
        app.terminal.begin_copying()
        app.terminal.post_message(events.Paste("pasted"))
        await until(pilot, app.shows("lab# pasted"))
        assert not app.terminal.copying
        app.terminal.begin_copying()
        await pilot.resize_terminal(40, 9)
        await until(pilot, lambda: not app.terminal.copying)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_in_a_lesson_the_last_line_names_its_keys_and_the_readers_own_terminal_is_given_the_text(
    tmp_path: Path, language: str
) -> None:
    app = lesson(tmp_path, FakeMachine(), language)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.readable and app.ready and "lab#" in app._pane.first.text)
        await pilot.press(LEAVE, "v")
        await until(pilot, lambda: app.focus_is is Focus.COPYING)
        assert app._pane.first.has_focus
        for key in ("←↑↓→", "␣", "y", "Esc"):
            assert key in shown(app, "#keys")
        await pilot.press("home", "v", "right", "right", "enter")
        await until(pilot, lambda: app.clipboard == "lab")
        await until(pilot, lambda: app.focus_is is Focus.SHELL)
        assert "←" not in shown(app, "#keys")
