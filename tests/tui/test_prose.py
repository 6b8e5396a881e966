from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.widget import Widget
from textual.widgets._markdown import MarkdownHeader

from lablib.course.model import Chapter, Prose
from tests.tui.fake_machine import FakeMachine, FakePlace, FakeProgress, chapter, entry
from tests.tui.lessons import running
from tests.tui.waiting import until
from tui.lesson.app import LessonApp

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
