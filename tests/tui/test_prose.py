from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

from textual.widget import Widget
from textual.widgets._markdown import MarkdownHeader

from lablib.course.model import Chapter, Prose
from tests.tui.fake_machine import FakeMachine, FakePlace, FakeProgress, chapter, entry
from tests.tui.lessons import FIRST, running, says
from tests.tui.waiting import until
from tui.lesson.app import LessonApp
from tui.lesson.blocks import StepBlock
from tui.lesson.prose import ProsePane
from tui.lesson.task_card import TaskCard
from tui.terminal.widget import Terminal

LONG = "A heading of many words that no pane of a small screen has room for in one line"


def headed(folder: Path) -> Chapter:
    """A chapter whose text begins with a long heading of each level."""
    told = chapter(folder)
    headings = Prose("\n\n".join(f"{'#' * level} {LONG}" for level in range(2, 7)))
    return replace(told, blocks={language: (headings, *blocks) for language, blocks in told.blocks.items()})


def read(heading: Widget) -> str:
    """What is shown of it, its lines joined."""
    width = heading.parent.size.width if isinstance(heading.parent, Widget) else 0
    return " ".join(" ".join(heading.render_line(y).crop(0, width).text for y in range(heading.size.height)).split())


async def test_a_heading_that_is_too_long_for_its_line_goes_on_in_the_next(tmp_path: Path) -> None:
    told = headed(tmp_path)
    app = LessonApp(entry(told), lambda: told, FakeMachine, "en", FakeProgress(), FakePlace())
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: [read(heading) for heading in app.query(MarkdownHeader)].count(LONG) == 5)


def told(folder: Path, start: str) -> LessonApp:
    """A lesson at `start`, whose first step has much to be read before it."""
    it = chapter(folder)
    much = Prose("\n\n".join(f"Paragraph {number}." for number in range(1, 21)))
    it = replace(it, blocks={language: (much, *blocks) for language, blocks in it.blocks.items()})
    return LessonApp(entry(it), lambda: it, FakeMachine, "en", FakeProgress(), FakePlace(start))


async def test_a_step_is_not_run_before_all_that_is_said_of_it_was_shown(tmp_path: Path) -> None:
    app = told(tmp_path, "first-look")
    async with running(app, (80, 24)) as pilot:
        await until(
            pilot, lambda: app.readable and "lab#" in app.query_one(Terminal).text and app.guide.next_act == "key_read"
        )
        for _ in range(20):
            if app.guide.next_act != "key_read":
                break
            await pilot.press("f2")
            await pilot.pause(0.1)
        assert app.guide.next_act == "key_run" and "echo first" not in app.query_one(Terminal).text
        block = app.query(StepBlock).first()
        prose = app.query_one(ProsePane)
        assert block.region.bottom <= prose.region.bottom, "the step is in view"
        await pilot.press("f2")
        await until(pilot, lambda: "echo first" in app.query_one(Terminal).text)


async def test_on_a_small_screen_the_page_is_turned_to_what_a_task_asks_for(tmp_path: Path) -> None:
    app = told(tmp_path, FIRST)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.readable and "lab#" in app.query_one(Terminal).text and app.guide.at_task)
        card = app.query_one(TaskCard)
        assert not card.display
        await pilot.press("f2")
        await until(pilot, lambda: card.display)


async def test_what_f2_does_is_said_anew_when_the_card_is_shown_by_another_key(tmp_path: Path) -> None:
    app = told(tmp_path, FIRST)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.readable and app.guide.at_task and says(app, "#keys", "F2 read on")())
        for large, wanted in ((True, "F2 go on"), (False, "F2 read on")):
            await pilot.press("f4")
            await until(pilot, lambda large=large: app.query_one(TaskCard).display is large)  # type: ignore[misc]
            await until(pilot, says(app, "#keys", wanted))


async def test_what_f2_does_is_not_promised_before_the_chapter_is_there(tmp_path: Path) -> None:
    app, there = told(tmp_path, "first-look"), Event()
    load = app._load

    def load_late() -> Chapter:
        there.wait(10.0)
        return load()

    app._load = load_late
    async with running(app, (80, 24)) as pilot:
        await until(pilot, says(app, "#keys", "F2 go on"))
        terminal = app.query_one(Terminal)
        await until(pilot, lambda: "lab#" in terminal.text)
        await pilot.press("f8", "f3", "f7", *"echo here", "enter")
        await until(pilot, lambda: "\nhere" in terminal.text)
        assert "~" not in terminal.text, "a key that there is nothing for yet is not the shell's either"
        there.set()
        await until(pilot, says(app, "#keys", "F2 read on"))
