"""Steps, questions and the machine's own keys in the lesson's screen."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Markdown, OptionList

from lablib.course.model import Chapter, End
from lablib.session.cast import Cast
from lablib.session.recording import Recorded, Recording, save_recording
from lablib.state import ProgressError
from tests.tui.fake_machine import TOUR, FakeMachine, FakePlace, FakeProgress, chapter, entry
from tests.tui.lessons import FIRST, SIZES, lesson, press_to_run, running, says, shown, watched
from tests.tui.waiting import until
from tui.lesson.app import LessonApp
from tui.lesson.blocks import StepBlock, TaskBlock
from tui.lesson.item_line import ItemLine
from tui.lesson.phase import Phase
from tui.lesson.state import QuestionState, StepState
from tui.lesson.status_bar import StatusBar
from tui.lesson.words import Words
from tui.terminal.widget import Terminal
from tui.views import VIEWS
from tui.views.pane import LiveView


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
async def test_one_key_runs_the_step_in_the_terminal_and_leads_to_the_next_item(
    tmp_path: Path, size: tuple[int, int], language: str
) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine, language, place=FakePlace())
    async with running(app, size) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        step = app.guide.walk.items[0]
        assert isinstance(step, StepState)
        await press_to_run(pilot, app)
        await until(pilot, lambda: step.done)
        await until(pilot, watched(machine))
        assert "first\nlook\n" in app.query_one(Terminal).text
        assert app.query_one(StepBlock).has_class("-current") is False
        assert app.query_one(TaskBlock).has_class("-current")


async def test_a_step_waits_for_the_machine(tmp_path: Path) -> None:
    machine = FakeMachine()
    machine.gate.clear()
    app = lesson(tmp_path, machine, place=FakePlace())
    async with running(app, (80, 24)) as pilot:
        await until(pilot, machine.opening.is_set)
        await until(pilot, lambda: app.readable)
        await press_to_run(pilot, app)
        assert not app.guide.walk.items[0].running  # type: ignore[union-attr]
        machine.gate.set()
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await press_to_run(pilot, app)
        await until(pilot, lambda: app.guide.walk.items[0].done)


async def test_a_step_asked_for_while_the_chapter_comes_in_is_run_then(tmp_path: Path) -> None:
    machine, told, gate = FakeMachine(), chapter(tmp_path), threading.Event()

    def load() -> Chapter:
        gate.wait(20)
        return told

    app = LessonApp(entry(told), load, lambda: machine, "en", FakeProgress(), FakePlace())
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text)
        await pilot.press("f2")
        assert not app.readable
        gate.set()
        await until(pilot, lambda: app.readable)
        await until(pilot, lambda: app.guide.walk.items[0].done)
        await until(pilot, lambda: app.query(TaskBlock).first().has_class("-current"))
        assert app.guide.walk.at == 1, "it is run once"


async def test_a_step_that_goes_otherwise_than_the_text_says_stays_and_says_how(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine, place=FakePlace("last-look"))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await press_to_run(pilot, app)
        block = app.query(StepBlock)[1]
        await until(pilot, lambda: "is 3" in str(block.render()))
        assert app.guide.walk.at == 4


async def test_a_step_that_goes_otherwise_shows_what_it_printed_when_it_was_recorded_and_what_to_do(
    tmp_path: Path,
) -> None:
    told = chapter(tmp_path)
    wrong = replace(told.steps[0], shows=("never printed",))
    blocks = {language: (parts[0], wrong, *parts[2:]) for language, parts in told.blocks.items()}
    steps = {"first-look": Recorded(End.EXITED, 0, "as it was\x1b[31m\nonce")}
    save_recording(tmp_path, Recording("guest", "6.1", "Debian", "2026-11-25", 80, steps))
    app = lesson(tmp_path, FakeMachine(), place=FakePlace("first-look"))
    app._load = lambda: replace(told, blocks=blocks)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: app.readable and "lab#" in app.query_one(Terminal).text)
        await pilot.press("f2")
        await until(pilot, says(app, ".block", "When it was recorded"))
        text = shown(app, ".block")
        assert "│ as it was␛[31m\n│ once\nF2 runs it again" in text.replace(" \n", "\n")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_new_reader_is_shown_around_once_one_thing_at_a_time_and_no_state_is_covered(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.lesson.frame.TOLD_SECONDS", 60.0)
    place = FakePlace("first-look")
    place.remarks.clear()
    machine = FakeMachine()
    app = lesson(tmp_path, machine, place=place)

    async def told(key: str) -> None:
        tip = app.query_one("#tip")
        await until(
            pilot, lambda: bool(tip.display) and Words("en").screen(key) in " ".join(shown(app, "#tip").split())
        )
        assert not app._notifications
        for other in (app.query_one(ItemLine), app._pane.first, app.query_one(StatusBar)):
            assert not tip.region.overlaps(other.region)
        tip.display = False  # as when its time is over

    async with running(app, size) as pilot:
        await until(pilot, lambda: app.readable and "lab#" in app.query_one(Terminal).text)
        await told("tour_step")
        await press_to_run(pilot, app)
        await told("tour_task")
        await pilot.press("f6")
        await press_to_run(pilot, app)
        await told("tour_shell")
        await until(pilot, lambda: place.remarks == set(TOUR))
        await pilot.press("f6", "f7")
        await until(pilot, lambda: machine.log.count(f"watch {FIRST}") == 3)
        assert not app.query_one("#tip").display
        monkeypatch.setattr("tui.lesson.frame.TOLD_SECONDS", 0.05)
        assert app.tell("something") and not app.tell("something else")
        await until(pilot, lambda: not app.query_one("#tip").display)


async def test_a_step_is_not_typed_into_a_program_and_that_program_is_named(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine, place=FakePlace())
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press(*"cat", "enter")
        await until(pilot, lambda: machine.shells[0].foreground().program == "cat")
        await press_to_run(pilot, app)
        step = app.guide.walk.items[0]
        assert isinstance(step, StepState)
        await until(pilot, lambda: "`cat`" in step.trouble)
        await pilot.press("ctrl+d")
        await press_to_run(pilot, app)
        await until(pilot, lambda: step.done)


async def test_a_question_is_answered_in_place_and_a_wrong_answer_can_be_mended(tmp_path: Path) -> None:
    machine, progress = FakeMachine(), FakeProgress()
    app = lesson(tmp_path, machine, progress=progress, place=FakePlace("cgroups/why"))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await press_to_run(pilot, app)
        await until(pilot, lambda: isinstance(app.focused, OptionList))
        await pilot.press("1")
        question = app.guide.walk.item
        assert isinstance(question, QuestionState)
        await until(pilot, lambda: question.wrong == {1})
        assert not progress.passed("cgroups/why")
        await pilot.press("2")
        await until(pilot, lambda: progress.passed("cgroups/why"))
        await until(pilot, lambda: "told" in app.query_one("#explanation", Markdown).source)


async def test_f8_shows_what_the_chapter_is_about_live_and_hides_it_again(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press("f8")
        await until(pilot, says(app, "#rows", "1 lab-init"))
        await pilot.press("f8")
        await until(pilot, lambda: not app.query_one(LiveView).display)
        assert [line for line in machine.log if line.startswith("view")] == ["view cgroups"]


async def test_where_a_chapter_is_about_several_f8_goes_through_all_of_them(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    app.chapter_id = "container"
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        for name in VIEWS:
            await pilot.press("f8")
            await until(pilot, lambda name=name: f"view {name}" in machine.log)
        await pilot.press("f8")
        await until(pilot, lambda: not app.query_one(LiveView).display)


async def test_a_machine_that_is_reset_is_looked_at_anew(tmp_path: Path) -> None:
    machines = [FakeMachine(), FakeMachine()]
    app = lesson(tmp_path, machines[0])
    coming = iter(machines)
    app._machine_factory = lambda: next(coming)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press("f8")
        await until(pilot, says(app, "#rows", "1 lab-init"))
        await pilot.press("f9", "f9")
        await until(pilot, lambda: "view cgroups" in machines[1].log)


async def test_a_fresh_machine_is_asked_for_twice_and_begins_on_a_clean_terminal(tmp_path: Path) -> None:
    machines = [FakeMachine(), FakeMachine()]
    first = machines[-1]
    told = chapter(tmp_path)
    app = LessonApp(entry(told), lambda: told, machines.pop, "en", FakeProgress(), FakePlace(FIRST))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press(*"true", "enter")
        await until(pilot, lambda: "true" in app.query_one(Terminal).text)
        await pilot.press("f9")
        assert app.phase is Phase.READY and not first.closed.is_set()
        await pilot.press("f9")
        await until(pilot, lambda: first.closed.is_set() and app.phase is Phase.READY)
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text)
        assert "true" not in app.query_one(Terminal).text


async def test_a_machine_that_is_lost_while_a_step_runs_is_told_at_the_step(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine, place=FakePlace("slow-look"))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await press_to_run(pilot, app)
        step = app.guide.walk.item
        assert isinstance(step, StepState)
        await until(pilot, lambda: step.running)
        await until(pilot, lambda: machine.shells[0].foreground().program == "sleep")
        machine.close()
        await until(pilot, lambda: not step.running)
        assert not step.done


async def test_a_place_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    failure = ProgressError("progress-not-saved", path="/full/place", reason="No space left on device")
    app = lesson(tmp_path, FakeMachine(), place=FakePlace(FIRST, failure))
    said: list[str] = []
    app.say = lambda sentence, warning=False: said.append(sentence)  # type: ignore[method-assign,assignment]
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: any("No space left" in sentence for sentence in said))


async def test_a_lesson_that_is_recorded_has_a_marker_for_each_step_and_what_the_shell_showed(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine(), place=FakePlace("first-look"))
    path = tmp_path / "a.cast"
    with Cast(str(path), "") as app.cast:
        async with running(app, (120, 40)) as pilot:
            await until(pilot, lambda: app.readable and "lab#" in app.query_one(Terminal).text)
            await pilot.press("f2")
            await until(pilot, lambda: app.guide.walk.at == 1)
    events = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    assert [event[2] for event in events if event[1] == "m"] == ["first-look"]
    assert {event[1] for event in events} <= {"o", "m", "r"}
    assert "look\r\n" in "".join(event[2] for event in events if event[1] == "o")
