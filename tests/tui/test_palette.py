"""The palette: all that can be done now is found in it, by typing, with its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.tui.fake_machine import FAILING, PASSING, FakeMachine, FakePlace, FakeProgress
from tests.tui.lessons import FIRST, SECOND, lesson, running, shown
from tests.tui.test_map import entries, places
from tests.tui.waiting import until
from tui.lesson.app import LessonApp
from tui.lesson.commands import Command, fitting
from tui.lesson.palette import Palette
from tui.lesson.phase import Phase
from tui.lesson.prose import ProsePane
from tui.lesson.status_bar import Focus
from tui.lesson.task_card import TaskCard
from tui.lesson.theme import DARK, LIGHT
from tui.lesson.words import Words
from tui.map.app import MapApp
from tui.map.places import map_places

LEAVE = "ctrl+right_square_bracket"


def nothing() -> None: ...


def does(*names: str) -> list[Command]:
    return [Command(name, nothing, key) for name, _, key in (name.partition("|") for name in names)]


def listed(app: LessonApp | MapApp) -> list[str]:
    """What the palette lists: names, each with its key."""
    assert isinstance(app.screen, Palette)
    return [f"{one.does} {one.key}".strip() for one in app.screen._listed]


async def up(app: LessonApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: app.readable and app.ready and "lab#" in app._pane.first.text)


def found(names: list[str], sought: str) -> list[str]:
    return [one.does for one in fitting(does(*names), sought)]


def test_a_command_is_found_by_any_parts_of_its_name_and_by_its_key_the_best_first() -> None:
    names = ["The map|F10", "Look at cgroups|F8", "Set it again|F5", "A look"]
    assert found(names, "") == ["The map", "Look at cgroups", "Set it again", "A look"]
    assert found(names, "look") == ["Look at cgroups", "A look"]
    assert found(names, "gr LO") == ["Look at cgroups"], "words in any order and case"
    assert found(names, "f5") == ["Set it again"] and found(names, "nowhere") == []
    assert found(["a fresh machine", "help in need", "no fresh"], "fresh") == ["a fresh machine", "no fresh"]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_all_that_can_be_done_is_listed_with_its_key_and_found_in_either_language(
    tmp_path: Path, language: str
) -> None:
    app, words = lesson(tmp_path, FakeMachine(), language), Words(language)
    app.course_map = lambda language: (list(map_places(entries(), FakeProgress(), {}, language)), 0)
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        await pilot.press(LEAVE, "colon")
        chapter = words.screen("do_chapter", number=3, title=entries()[1].title[language])
        await until(pilot, lambda: chapter in listed(app))
        for key, sentence in (("F3", "do_hint"), ("F8", "do_view_cgroups"), ("F9", "do_reset"), ("F10", "do_map")):
            assert f"{words.screen(sentence)} {key}" in listed(app)
        for name in ("do_light", "do_no_colors", f"do_language_{words.others[0].language}"):
            assert words.screen(name) in listed(app)
        await pilot.press(*"fresh")
        assert listed(app)[0] == f"{words.screen('do_reset')} F9"


async def test_what_cannot_be_done_now_is_not_offered(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        await pilot.press(LEAVE, "colon")
        assert not [
            name for name in listed(app) if name.startswith(("Go on", "Look at nothing", "Terminal", "The cour"))
        ]
        await pilot.press("escape", "f3", "f3", "colon")
        assert not [name for name in listed(app) if name.startswith("A hint")]
        await pilot.press("escape")
        machine.close()
        await until(pilot, lambda: app.phase is Phase.FAILED)
        await pilot.press("colon")
        assert listed(app)[0] == "Try again to start the machine F5"
        assert not [name for name in listed(app) if "erminal" in name or "fresh machine;" in name]


async def test_enter_does_what_is_seen_however_quickly_it_follows(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        await pilot.press(LEAVE, "colon", *"large", "enter")
        await until(pilot, lambda: app._base.query_one("#lesson").has_class("-card-large"))
        await pilot.press("colon", *"task", "space", *"clean", "enter")
        await until(pilot, lambda: app.guide.walk.item is not None and app.guide.walk.item.id == SECOND)
        await pilot.press("colon", *"no such thing", "enter")
        assert isinstance(app.screen, Palette) and app.screen.query_one("#nothing").display
        await pilot.press("escape", "colon", "down", "up", "escape")
        assert not isinstance(app.screen, Palette)


async def test_the_palette_is_a_click_away_from_the_shell_and_from_a_program_with_the_whole_screen(
    tmp_path: Path,
) -> None:
    app = lesson(tmp_path, FakeMachine(("sh", "-c", "printf 'lab# \\033[?1049hfull'; sleep 60")))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.readable and app.focus_is is Focus.PROGRAM)
        text = shown(app, "#keys").rstrip("\n")
        assert text.endswith("^]: all ")
        await pilot.click(app.query_one("#keys"), offset=(len(text) - 3, 0))
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press(*"alone", "enter")
        await until(pilot, lambda: app._base.query_one("#lesson").has_class("-zoomed"))


async def test_a_shell_has_the_palettes_key_itself(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (80, 24)) as pilot:
        await up(app, pilot)
        await pilot.press("colon")
        await until(pilot, lambda: app._pane.first.text.rstrip().endswith("lab# :"))
        assert not isinstance(app.screen, Palette)


async def test_the_language_changes_and_nothing_of_the_lesson_is_lost(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        machine.watches[FIRST].say(PASSING, FAILING)
        await pilot.press("f3", "f8", LEAVE, "colon", *"chinese", "enter")
        await until(pilot, lambda: "只要内存控制器" in shown(app, "TaskBlock"))
        assert "任务" in str(app.query_one(TaskCard).border_title) and "提示" in shown(app, "#keys")
        assert str(app.query_one(ProsePane).border_title).startswith("2 · 控制组")
        assert "应为" in shown(app, "#checks") and "客户机" in shown(app, "#state")
        assert app.ready and len(machine.shells) == 1 and app.guide.walk.at == 1
        await pilot.press("colon", *"English", "enter")
        await until(pilot, lambda: "Only the memory controller" in shown(app, "TaskBlock"))


async def test_colours_change_and_go_and_come_back(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        assert app.theme == DARK.name and colors(app)
        await pilot.press(LEAVE, "colon", *"light", "enter")
        await until(pilot, lambda: app.theme == LIGHT.name)
        await pilot.press("colon", *"no", "space", *"col", "enter")
        await until(pilot, lambda: not colors(app))
        await pilot.press("colon", *"colours", "enter")
        await until(pilot, lambda: bool(colors(app)))


async def test_the_colours_that_were_chosen_are_those_of_the_next_lesson(tmp_path: Path) -> None:
    place = FakePlace(FIRST)
    app = lesson(tmp_path, FakeMachine(), place=place)
    async with running(app, (120, 40)) as pilot:
        await up(app, pilot)
        await pilot.press(LEAVE, "colon", *"light", "enter")
        await until(pilot, lambda: place.theme == "light")
    assert lesson(tmp_path, FakeMachine(), place=place).theme == LIGHT.name
    assert MapApp(places(), 0, "en", place.theme).theme == LIGHT.name


def colors(app: LessonApp) -> set[str]:
    """All colours on the screen that are not the terminal's own."""
    update = app.screen._compositor.render_strips()
    styles = [segment.style for strip in update for segment in strip if segment.style is not None]
    return {one.name for style in styles for one in (style.color, style.bgcolor) if one and not one.is_default}


async def test_a_place_of_the_map_is_found_by_its_name() -> None:
    app = MapApp(places(), 0, "en")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.screen.query(OptionList)))
        await pilot.press("colon", *"other")
        assert listed(app)[0] == "3 · Other"
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running)
    assert app.return_value == "other"


async def test_the_palette_takes_what_is_typed_and_pages_with_the_keys(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (80, 24)) as pilot:
        await up(app, pilot)
        await pilot.press(LEAVE, "colon", "pagedown")
        rows = app.screen.query_one(OptionList)
        assert rows.highlighted and app.screen.query_one(Input).has_focus
        await pilot.press("pageup")
        assert rows.highlighted == 0
        await pilot.click(OptionList, offset=(5, 1))
        await until(pilot, lambda: app.query_one("#lesson").has_class("-card-large"))
        await pilot.press("colon")
        await pilot.click(offset=(0, 0))  # beside it
        await until(pilot, lambda: not isinstance(app.screen, Palette))


async def test_a_reader_who_was_elsewhere_goes_straight_to_a_step(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine(), place=FakePlace(SECOND))
    async with running(app, (80, 24)) as pilot:
        await up(app, pilot)
        await pilot.press(LEAVE, "colon", *"echo", "enter")
        await until(pilot, lambda: app.guide.walk.at == 0)
