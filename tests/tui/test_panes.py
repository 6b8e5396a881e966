"""Terminals, zoom, search, and whose keys are whose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from tests.tui.fake_machine import FakeMachine
from tests.tui.lessons import lesson, running, shown
from tests.tui.waiting import until
from tui.lesson.app import LessonApp
from tui.lesson.prose import ProsePane
from tui.lesson.search_bar import SearchBar
from tui.lesson.status_bar import Focus
from tui.lesson.theme import DARK, LIGHT, theme_for
from tui.terminal.strips import found_in
from tui.views.pane import LiveView

FULL = "printf '\\033[?1049hfu''ll'; stty raw -echo; head -c 12 | od -An -c; printf '\\033[?1049l'; stty sane"
"""A program that has the whole screen until twelve bytes have come, and shows them."""


def says(app: LessonApp, text: str) -> Callable[[], bool]:
    return lambda: text in app._pane.terminal.text


async def enter(app: LessonApp, pilot: Pilot[None], command: str) -> None:
    app._pane.terminal.post_message(events.Paste(command))
    await pilot.press("enter")


async def up(app: LessonApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: app.readable and app.ready and "lab#" in app._pane.first.text)


async def test_the_shell_leaves_the_f_keys_to_the_lesson_and_a_program_with_the_whole_screen_takes_them(
    tmp_path: Path,
) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        assert app.focus_is is Focus.SHELL
        await enter(app, pilot, FULL)
        await until(pilot, says(app, "full"))
        await until(pilot, lambda: app.focus_is is Focus.PROGRAM)
        assert shown(app, "#keys").split() == ["^]", "text", "^]:", "all"]
        at = app.guide.walk.at
        await pilot.press("f7", "f10", "a", "ctrl+q")
        await until(pilot, lambda: app.focus_is is Focus.SHELL)
        assert app.guide.walk.at == at and app.is_running
        await pilot.press("f7")
        await until(pilot, lambda: app.guide.walk.at == at + 1)


async def test_the_key_that_leaves_works_in_a_program_with_the_whole_screen_and_is_always_named(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (80, 24)) as pilot:
        await up(app, pilot)
        assert "^]" in shown(app, "#keys")
        await enter(app, pilot, FULL)
        await until(pilot, lambda: app.focus_is is Focus.PROGRAM)
        await pilot.press("ctrl+right_square_bracket")
        assert isinstance(app.focused, ProsePane)
        await until(pilot, lambda: "F7" in shown(app, "#keys"))


async def test_every_key_of_the_footer_can_be_clicked(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        at, keys = app.guide.walk.at, app.query_one("#keys")
        text = shown(app, "#keys").rstrip("\n")
        assert "F7 skip" in text
        await pilot.click(keys, offset=(text.index("skip") + 1, 0))
        await until(pilot, lambda: app.guide.walk.at == at + 1)


async def test_a_second_terminal_is_another_shell_and_steps_go_on_in_the_first(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        await pilot.press("f12")
        await until(pilot, lambda: len(app._pane.terminals) == 2 and "lab#" in app._pane.terminal.text)
        assert app._pane.terminal is not app._pane.first and app._pane.terminal.has_focus
        await enter(app, pilot, "echo $((6*7))")
        await until(pilot, says(app, "\n42"))
        assert "42" not in app._pane.first.text and len(machine.shells) == 2
        await pilot.press("f12")
        assert app._pane.first.display and app._pane.first.has_focus
        await pilot.press("f12", "f6", "f2")
        await until(pilot, lambda: "\nlook" in app._pane.first.text)
        assert app._pane.first.display


async def test_a_terminal_whose_shell_has_ended_goes_and_the_first_one_stays(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        await pilot.press("ctrl+right_square_bracket", "t")
        await until(pilot, lambda: len(app._pane.terminals) == 2 and "lab#" in app._pane.terminal.text)
        await enter(app, pilot, "exit")
        await until(pilot, lambda: len(app._pane.terminals) == 1)
        assert app._pane.first.display and app._pane.first.has_focus
        await enter(app, pilot, "exit")
        await until(pilot, says(app, "the shell has ended"))


async def test_a_tab_is_chosen_with_the_mouse(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        assert not app.query_one("#tabs").display
        await pilot.press("f12")
        await until(pilot, lambda: bool(app.query_one("#tabs").display))
        await pilot.pause()
        await pilot.click("#tabs", offset=(1, 0))
        await until(pilot, lambda: app._pane.first.display)


async def test_a_fresh_machine_has_one_terminal(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    machines = iter([FakeMachine(), FakeMachine()])
    app._machine_factory = lambda: next(machines)
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        await pilot.press("f12")
        await until(pilot, lambda: len(app._pane.terminals) == 2)
        await pilot.press("f9", "f9")
        await until(pilot, lambda: app.ready and len(app._pane.terminals) == 1 and "lab#" in app._pane.first.text)


async def test_a_shell_hears_of_no_size_between_that_nobody_sees(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (200, 50)) as pilot:
        await up(app, pilot)
        heard: list[int] = []
        resize = machine.shells[0].resize
        machine.shells[0].resize = lambda size: (heard.append(size.columns), resize(size))[1]  # type: ignore[method-assign]
        await pilot.press("f8")
        for size in ((80, 24), (200, 50), (120, 40), (80, 24)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: bool(heard) and heard[-1] == app._pane.first.size.width)
        assert min(heard) >= 80


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_zoomed_terminal_has_the_screen_and_its_shell_knows(tmp_path: Path, size: tuple[int, int]) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, size) as pilot:
        await up(app, pilot)
        before = app._pane.terminal.size
        await pilot.press("f11")
        await until(pilot, lambda: app._pane.terminal.size.height >= size[1] - 1)
        assert app._pane.terminal.size.width >= size[0] - 1
        rows, columns = app._pane.terminal.size.height, app._pane.terminal.size.width
        await enter(app, pilot, "stty size")
        await until(pilot, says(app, f"{rows} {columns}"))
        await pilot.press("f11")
        await until(pilot, lambda: app._pane.terminal.size == before)


async def test_what_scrolled_away_is_found_from_the_newest_on_and_marked(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        await enter(app, pilot, "for n in $(seq 1 300); do echo row-$n-; done")
        await until(pilot, says(app, "row-300-"))
        await pilot.press("ctrl+right_square_bracket", "slash")
        await until(pilot, lambda: isinstance(app.focused, SearchBar))
        await pilot.press(*"ROW-1", "enter")
        await until(pilot, says(app, "row-199-"))
        await pilot.press("enter")
        await pilot.press(*"00-", "enter")
        await until(pilot, says(app, "row-100-"))
        reverse = [
            segment.text
            for y in range(app._pane.terminal.size.height)
            for segment in app._pane.terminal.render_line(y)
            if segment.style is not None and segment.style.reverse
        ]
        assert "row-100-" in reverse
        await pilot.press("down")
        await until(pilot, lambda: "Nothing more" in "".join(note.message for note in app._notifications))
        await pilot.press("escape")
        await until(pilot, says(app, "row-300-"))
        assert app._pane.terminal.has_focus and not app.query(SearchBar)


def test_what_is_sought_is_told_in_cells_and_in_any_case() -> None:
    assert list(found_in("中ab AB", "Ab")) == [(2, 4), (5, 7)]
    assert list(found_in("xx", "")) == list(found_in("", "x")) == []
    assert list(found_in("İab", "ab")) == [(1, 3)], "which is longer in lower case"


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({}, DARK),
        ({"COLORFGBG": "0;15"}, LIGHT),
        ({"COLORFGBG": "15;default;0"}, DARK),
        ({"COLORFGBG": "0;15", "LABS_THEME": "dark"}, DARK),
        ({"LABS_THEME": "light"}, LIGHT),
        ({"LABS_THEME": "pink"}, DARK),
    ],
)
def test_colours_are_as_the_reader_or_their_terminal_says(environment: dict[str, str], theme: object) -> None:
    assert theme_for(environment) is theme


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_live_view_stands_beside_the_terminal_where_there_is_room_and_under_it_elsewhere(
    tmp_path: Path, language: str
) -> None:
    app = lesson(tmp_path, FakeMachine(), language)
    async with running(app, (160, 40)) as pilot:
        await up(app, pilot)
        alone = app._pane.first.size
        await pilot.press("f8")
        for width, height, beside in (
            (160, 40, True),
            (120, 40, False),
            (200, 60, True),
            (80, 24, False),
            (240, 60, True),
        ):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda beside=beside: is_beside(app) is beside)
            assert app._pane.first.size.width >= 80 and not app._pane.first.region.overlaps(view(app).region)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: not is_beside(app))
        await pilot.press("f11")  # without the text there is room
        await until(pilot, lambda: is_beside(app))
        await pilot.press("f11")
        await until(pilot, lambda: not is_beside(app))
        await pilot.resize_terminal(160, 40)
        await until(pilot, lambda: is_beside(app))
        await pilot.press("f8")
        await until(pilot, lambda: app._pane.first.size == alone)


def view(app: LessonApp) -> LiveView:
    return app.query_one(LiveView)


def is_beside(app: LessonApp) -> bool:
    terminal, looked_at = app._pane.first.region, view(app).region
    beside = looked_at.x >= terminal.right and looked_at.y == terminal.y and looked_at.height == terminal.height
    assert beside or looked_at.y >= terminal.bottom
    return beside
