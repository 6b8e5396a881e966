"""A lesson on a fake machine, for tests that look at its screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import Static

from lablib.verdict import Result
from tests.tui.fake_machine import FakeMachine, FakePlace, FakeProgress, chapter, entry
from tui.lesson.app import LessonApp
from tui.lesson.state import TaskState
from tui.lesson.words import Words

FIRST, SECOND = "cgroups/memory-only", "cgroups/clean-up"
SIZES = [(80, 24), (120, 40)]


def lesson(
    folder: Path,
    machine: FakeMachine,
    language: str = "en",
    progress: FakeProgress | None = None,
    place: FakePlace | None = None,
) -> LessonApp:
    """At the first task, unless the reader was elsewhere."""
    place = place or FakePlace(FIRST)
    told = chapter(folder)
    return LessonApp(entry(told), lambda: told, lambda: machine, language, progress or FakeProgress(), place)


@asynccontextmanager
async def running(app: LessonApp, size: tuple[int, int]) -> AsyncIterator[Pilot[None]]:
    """`app` on a screen of `size`; afterwards nothing of it runs any more."""
    try:
        async with app.run_test(size=size) as pilot:
            yield pilot
    finally:
        app.close_now()


def shown(app: LessonApp, selector: str) -> str:
    """What a Static says, as plain text; nothing while it is not there."""
    page = StringIO()
    for static in app.screen_stack[0].query(selector).results(Static):
        Console(file=page, width=200, color_system=None).print(static.content)
    return page.getvalue()


async def press_to_run(pilot: Pilot[None], app: LessonApp) -> None:
    """F2, until it did something else than to turn the page."""
    await pilot.pause(0.1)
    while app.guide.next_act == "key_read":
        await pilot.press("f2")
        await pilot.pause(0.1)
    await pilot.press("f2")


def says(app: LessonApp, selector: str, text: str) -> Callable[[], bool]:
    return lambda: text in shown(app, selector)


def named(language: str, result: Result) -> str:
    """A failed check as the card names it: what the catalogue marks as code is shown without the marks."""
    return f"✗ {Words(language).check_name(FIRST, result.id, {})}".replace("`", "")


def at_task(app: LessonApp) -> TaskState:
    item = app.guide.walk.item
    assert isinstance(item, TaskState)
    return item


def watched(machine: FakeMachine, task: str = FIRST) -> Callable[[], bool]:
    return lambda: task in machine.watches
