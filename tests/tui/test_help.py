"""F1 tells first of the part of the screen that has the focus."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.content import Content
from textual.widgets import OptionList, Static

from tests.tui.fake_machine import FakeMachine, FakePlace
from tests.tui.lessons import FIRST, lesson, running
from tests.tui.test_map import places
from tests.tui.waiting import until
from tui.lesson.app import LessonApp
from tui.lesson.help import Help
from tui.lesson.words import Words
from tui.map.app import MapApp
from tui.map.screen import CourseMap

LEAVE = "ctrl+right_square_bracket"
WAYS = {
    "shell": ("cgroups/memory-only", ()),
    "copying": (FIRST, (LEAVE, "v")),
    "search": (FIRST, (LEAVE, "slash")),
    "text": (FIRST, (LEAVE,)),
    "card": (FIRST, (LEAVE, "tab", "tab")),
    "view": (FIRST, ("f8", LEAVE, "shift+tab")),
    "question": ("cgroups/why", ("f2",)),
    "palette": (FIRST, (LEAVE, "colon")),
}
"""Where the reader is, and the keys that lead to what the help is about."""


def told(app: LessonApp | MapApp) -> list[str]:
    """The paragraphs of the help."""
    assert isinstance(app.screen, Help)
    return [one.content.plain for one in app.screen.query(Static) if isinstance(one.content, Content)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("topic", "way"), WAYS.items(), ids=WAYS)
async def test_help_begins_with_what_has_the_focus_and_goes_on_with_all_keys(
    tmp_path: Path, topic: str, way: tuple[str, tuple[str, ...]], language: str
) -> None:
    place, keys = way
    app, words = lesson(tmp_path, FakeMachine(), language, place=FakePlace(place)), Words(language)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: app.readable and app.ready and "lab#" in app._pane.first.text)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, Help))
        keys_of_all = [] if topic == "palette" else [words.screen("help")]
        assert told(app) == [words.screen(f"help_{topic}"), *keys_of_all]
        await pilot.press("f1")
        assert not isinstance(app.screen, Help)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_map_has_help_of_its_own(language: str) -> None:
    app = MapApp(places(), 0, language)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.screen.query(OptionList)))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, Help))
        assert told(app) == [Words(language).screen("help_map")]
        await pilot.press("escape")
        assert isinstance(app.screen, CourseMap)
