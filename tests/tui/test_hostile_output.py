"""Whatever programs write, in however many terminals and however the screen changes meanwhile, the lesson goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot

from lablib.machine.seen import CgroupRow, Gauges
from tests.tui.fake_machine import FAILING, PASSING, FakeMachine
from tests.tui.lessons import FIRST, lesson, running, says, shown
from tests.tui.test_terminal import HOSTILE
from tests.tui.waiting import until
from tui.lesson.app import LessonApp
from tui.terminal.widget import Terminal

SIZES = [(80, 24), (160, 40), (59, 15), (120, 40), (1, 1), (200, 60), (61, 17), (2, 200), (118, 16), (80, 24)]
"""Beside, under, too small and back."""


def seen(number: int) -> dict[str, CgroupRow]:
    """A view whose names want to be obeyed."""
    hostile = f"\x1b]0;t\x07[red]{number}\x1b[2J"
    return {
        "": CgroupRow(("memory",), (), 1, ((number, hostile),), Gauges()),
        f"/{hostile}": CgroupRow((), (), 0, (), Gauges()),
    }


def unsafe(app: LessonApp) -> set[str]:
    """What of the screen a terminal would obey."""
    text = "".join(strip.text for strip in app.screen._compositor.render_strips())
    return {character for character in text if not character.isprintable()}


async def storm(app: LessonApp, pilot: Pilot[None]) -> None:
    for number, size in enumerate(SIZES * 3):
        await pilot.resize_terminal(*size)
        app._pane.show_view(seen(number))
        if not number % 5:
            await pilot.press("f12", "f11")
        assert not unsafe(app)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_hostile_output_in_two_terminals_beside_a_view_through_a_storm_of_sizes_harms_nothing(
    tmp_path: Path, language: str
) -> None:
    machine = FakeMachine(("python3", "-c", HOSTILE))
    app = lesson(tmp_path, machine, language)
    threads = threading.active_count()
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: app.readable and app.ready)
        title = app.title
        await pilot.press("f8", "f12")
        await until(pilot, lambda: bool(machine.views) and app.terminals == 2)
        await storm(app, pilot)
        await until(pilot, lambda: all("survived" in one.text for one in app.query(Terminal)), seconds=90)
        assert (app.title, app.clipboard) == (title, "")
        machine.watches[FIRST].say(PASSING, FAILING)
        await until(pilot, says(app, "#task-note", "1"))
        app._pane.show_view(seen(4711))
        await until(pilot, lambda: "4711" in shown(app, "#rows"))
        assert not unsafe(app) and threading.active_count() < threads + 20


async def test_a_screen_that_was_too_small_shows_all_of_it_again(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (160, 40)) as pilot:
        await until(pilot, lambda: app.readable and app.ready and "lab#" in app._pane.first.text)
        await pilot.press("f8", "f12")
        await until(pilot, lambda: app.terminals == 2)
        before = [widget.region for widget in app.query("#view, #tabs, Terminal, ProsePane, StatusBar")]
        for size in ((40, 10), (1, 1), (160, 40)):
            await pilot.resize_terminal(*size)
        await until(pilot, lambda: not app.screen.has_class("-too-small"))
        await until(
            pilot,
            lambda: [widget.region for widget in app.query("#view, #tabs, Terminal, ProsePane, StatusBar")] == before,
        )
