"""The course map: what it lists, where it begins, and where one goes from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import OptionList

from lablib.course.index import ChapterEntry, Entry
from tests.tui.fake_machine import FakeMachine, FakeProgress
from tests.tui.lessons import SECOND, lesson, running
from tests.tui.waiting import until
from tui.lesson.app import LessonApp
from tui.map.app import MapApp
from tui.map.places import MapPlace, map_places, resumed
from tui.map.screen import CourseMap


def entries() -> list[ChapterEntry]:
    def one(id: str) -> Entry:
        return Entry(id, {"en": f"The {id}", "zh": f"那个 {id}"})

    first = ChapterEntry("cgroups", 2, {"en": "Control groups", "zh": "控制组"}, [one("cgroups/memory-only")], [])
    first.tasks.append(one(SECOND))
    second = ChapterEntry("other", 3, {"en": "Other", "zh": "其他"}, [one("other/a")], [one("other/b")])
    return [first, second]


def places(*passed: str, **lacking: str) -> list[MapPlace]:
    missing = {name.replace("__", "/"): needs for name, needs in lacking.items()}
    return list(map_places(entries(), FakeProgress(*passed), missing, "en"))


def rows(app: MapApp | LessonApp) -> str:
    options = app.screen.query_one(OptionList).options
    return "\n".join(str(option.prompt) for option in options)


def test_each_chapter_says_how_far_one_is_in_it() -> None:
    told = [(place.id, place.passed, place.total) for place in places(SECOND) if place.number]
    assert told == [("cgroups", 1, 2), ("other", 0, 2)]


@pytest.mark.parametrize(
    ("chapter", "item", "at"),
    [("cgroups", SECOND, SECOND), ("other", "a-step", "other"), ("gone", "", "other"), ("", "", "other")],
)
def test_the_map_begins_where_the_reader_was_or_at_what_is_not_done(chapter: str, item: str, at: str) -> None:
    rows = places("cgroups/memory-only", SECOND)
    assert rows[resumed(rows, chapter, item)].id == at


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_map_tells_what_is_passed_and_what_cannot_be_done_here_and_why(language: str) -> None:
    lacking = {"other/a": "program:busy\x1b[31mbox"}
    told = list(map_places(entries(), FakeProgress(SECOND), lacking, language))
    app = MapApp(told, 0, language)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CourseMap))
        lines = rows(app).split("\n")
        assert "▮▮▮▮▮▯▯▯▯▯  1/2" in lines[0] and lines[0].startswith("▸")
        assert [line.split()[0] for line in lines[1:3]] == ["·", "✓"]
        assert "⊘" in lines[4] and "busy␛[31mbox" in lines[4]
        assert "?" in lines[5]


async def test_a_task_that_was_passed_elsewhere_is_passed_whatever_this_machine_lacks() -> None:
    app = MapApp(places("other/a", other__a="program:x"), 0, "en")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CourseMap))
        assert "✓ The other/a" in rows(app) and "program x" not in rows(app)


@pytest.mark.parametrize(
    ("keys", "chosen"), [("down,enter", "cgroups/memory-only"), ("j,j,k,enter", "cgroups/memory-only"), ("escape", "")]
)
async def test_the_map_by_itself_ends_with_what_was_chosen(keys: str, chosen: str) -> None:
    app = MapApp(places(), 0, "en")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CourseMap))
        await pilot.press(*keys.split(","))
        await until(pilot, lambda: not app.is_running)
    assert (app.return_value or "") == chosen


async def test_from_a_lesson_one_goes_to_another_item_of_it(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    app.course_map = lambda: (places(), 0)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: app.readable and app.ready)
        await pilot.press("f10")
        await until(pilot, lambda: isinstance(app.screen, CourseMap))
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: app.guide.walk.item is not None and app.guide.walk.item.id == SECOND)
        assert not app.wanted


async def test_from_a_lesson_one_goes_to_another_chapter_and_the_machine_is_taken_away(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    app.course_map = lambda: (places(), 3)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: app.readable and app.ready)
        await pilot.press("f10")
        await until(pilot, lambda: isinstance(app.screen, CourseMap))
        await pilot.press("down", "enter")
        await until(pilot, lambda: not app.is_running)
    assert app.wanted == "other/a"
    assert machine.closed.is_set()
