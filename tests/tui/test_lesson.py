"""The lesson's screen on a machine whose checks say what the test wants."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import Markdown, OptionList, Static

from lablib.errors import MachineError
from lablib.state import ProgressError
from lablib.verdict import Evidence, Result, Verdict
from tests.tui.fake_machine import DONE, FAILING, PASSING, FakeMachine, FakePlace, FakeProgress, chapter, entry
from tests.tui.waiting import until
from tui.lesson.app import NO_MACHINE, LessonApp
from tui.lesson.blocks import StepBlock, TaskBlock
from tui.lesson.help import Help
from tui.lesson.live_view import LiveView
from tui.lesson.phase import Phase
from tui.lesson.prose import ProsePane
from tui.lesson.state import QuestionState, StepState, TaskState
from tui.lesson.task_card import TaskCard
from tui.lesson.words import Words
from tui.terminal.widget import Terminal

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


def says(app: LessonApp, selector: str, text: str) -> Callable[[], bool]:
    return lambda: text in shown(app, selector)


def named(language: str, result: Result) -> str:
    """A failed check as the card names it: what the catalogue marks as code is shown without the marks."""
    return f"✗ {Words(language).check_name(FIRST, result.id)}".replace("`", "")


def at_task(app: LessonApp) -> TaskState:
    item = app.guide.walk.item
    assert isinstance(item, TaskState)
    return item


def watched(machine: FakeMachine, task: str = FIRST) -> Callable[[], bool]:
    return lambda: task in machine.watches


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
async def test_a_task_solved_in_the_terminal_turns_green_and_is_kept(
    tmp_path: Path, size: tuple[int, int], language: str
) -> None:
    machine, progress = FakeMachine(), FakeProgress()
    app = lesson(tmp_path, machine, language, progress)
    async with running(app, size) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await until(pilot, watched(machine))
        assert machine.log[-2:] == [f"remember {FIRST}", f"watch {FIRST}"]
        machine.watches[FIRST].say(PASSING, FAILING)
        await until(pilot, says(app, "#checks", named(language, FAILING)))
        assert "/sys/fs/cgroup/test/cgroup.procs" in shown(app, "#checks")
        assert "│ 910" in shown(app, "#checks")
        machine.watches[FIRST].say(PASSING, DONE)
        await until(pilot, lambda: progress.passed(FIRST))
        await until(pilot, says(app, "#task-note", "✓"))
        assert "F2" in shown(app, "#item-line")


@pytest.mark.parametrize("size", SIZES)
async def test_the_terminal_keeps_eighty_columns(tmp_path: Path, size: tuple[int, int]) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, size) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await until(pilot, lambda: app.readable)
        assert app.query_one(Terminal).size.width == 80
        assert app.query_one(Terminal).size.height >= 12
        assert app.query_one(ProsePane).size.height >= 6


async def test_the_chapter_is_read_before_the_machine_is_up(tmp_path: Path) -> None:
    machine = FakeMachine()
    machine.gate.clear()
    app = lesson(tmp_path, machine)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: len(app.query("MarkdownFence")) > 0)
        await until(pilot, lambda: re.search(r"[1-9] s", shown(app, "#state")))
        assert app.phase is Phase.BOOTING
        machine.gate.set()
        await until(pilot, says(app, "#state", "6.1.0"))


async def test_a_machine_that_cannot_be_had_is_explained_and_tried_again(tmp_path: Path) -> None:
    failure = MachineError("guest-kernel-missing", program="linux.uml")
    machines = [FakeMachine(), FakeMachine(failure=failure)]
    told = chapter(tmp_path)
    app = LessonApp(entry(told), lambda: told, machines.pop, "en", FakeProgress(), FakePlace(FIRST))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.phase is Phase.FAILED)
        sentence, remedy = Words("en").error(failure)
        assert sentence in shown(app, "#notice") and remedy in shown(app, "#notice")
        await until(pilot, lambda: len(app.query("MarkdownFence")) > 0 and app.readable)
        await pilot.press("f5")
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)


async def test_quitting_without_a_machine_says_so_in_the_exit_code(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine(failure=MachineError("guest-kernel-missing", program="x")))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.phase is Phase.FAILED)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == NO_MACHINE


async def test_a_goal_that_was_reached_stays_passed_and_its_loss_is_shown(tmp_path: Path) -> None:
    machine, progress = FakeMachine(), FakeProgress()
    app = lesson(tmp_path, machine, progress=progress)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, watched(machine))
        machine.watches[FIRST].say(PASSING, DONE)
        machine.watches[FIRST].say(PASSING, FAILING)
        await until(pilot, says(app, "#checks", named("en", FAILING)))
        assert "no longer so" in shown(app, "#task-note")
        assert progress.passed(FIRST)
        assert app.query_one(TaskCard).has_class("-regressed")


async def test_quit_from_the_terminal_closes_the_machine(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        assert isinstance(app.focused, Terminal)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    assert machine.closed.is_set()
    assert all(shell.status is not None for shell in machine.shells)
    assert app.return_code == 0


async def test_quit_while_the_machine_starts_closes_it(tmp_path: Path) -> None:
    machine = FakeMachine()
    machine.gate.clear()
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, machine.opening.is_set)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    assert machine.closed.is_set() and not machine.shells


async def test_hostile_text_of_a_check_is_shown_as_text(tmp_path: Path) -> None:
    hostile = Result(
        "[red]id[/red]", Verdict.FAIL, "[b]key\x1b[31m", expected="[/]\x1b]0;t\x07", actual="x" * 2000,
        evidence=(Evidence("[link=x]\x1b[2J", "\u202e[@click=app.quit]go[/]\x9b31m\n" * 40),),
    )  # fmt: skip
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, watched(machine))
        machine.watches[FIRST].say(hostile)
        await until(pilot, says(app, "#checks", "[@click=app.quit]go[/]"))
        text = shown(app, "#checks") + shown(app, "#item-line")
        assert "[red]id[/red]" in text and "[/]␛]0;t␇" in text and "\\u202e" in text
        assert all(c.isprintable() or c == "\n" for c in text)
        await pilot.press("f4")
        assert app.is_running


async def test_the_keys_of_the_lesson_work_from_the_terminal(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, watched(machine))
        await pilot.press("f7")
        await until(pilot, watched(machine, SECOND))
        await pilot.press("f2")
        assert app.guide.walk.at == 2
        await pilot.press("f6")
        await until(pilot, lambda: machine.log.count(f"watch {FIRST}") == 2)
        await pilot.press("f5")
        await until(pilot, lambda: machine.log.count(f"watch {FIRST}") == 3)
        await pilot.press("f3", "f3", "f3")
        assert at_task(app).hints == 2
        assert app.query_one(TaskCard).display
        await pilot.press("f4")
        assert not app.query_one(TaskCard).display


async def test_help_lies_over_the_lesson_while_it_goes_on(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, watched(machine))
        await pilot.press("f1")
        assert isinstance(app.screen, Help)
        machine.watches[FIRST].say(PASSING, DONE)
        await until(pilot, lambda: at_task(app).passed)
        await pilot.press("f2")
        assert app.guide.walk.at == 1
        await pilot.press("f1")
        assert not isinstance(app.screen, Help)


async def test_ctrl_bracket_goes_between_terminal_and_prose(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.focused, Terminal) and app.readable)
        await pilot.press("ctrl+right_square_bracket")
        assert isinstance(app.focused, ProsePane)
        await pilot.press("ctrl+right_square_bracket")
        assert isinstance(app.focused, Terminal)


async def test_a_lesson_goes_on_where_the_reader_was(tmp_path: Path) -> None:
    machine, place = FakeMachine(), FakePlace(SECOND)
    app = lesson(tmp_path, machine, progress=FakeProgress(FIRST), place=place)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, watched(machine, SECOND))
        await pilot.press("f6")
        await until(pilot, watched(machine))
        await until(pilot, lambda: place.item == FIRST)
        machine.watches[FIRST].say(FAILING)
        await until(pilot, says(app, "#task-note", "before"))
        assert not app.query_one(TaskCard).has_class("-regressed")


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
        await pilot.press("f2")
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
        await pilot.press("f2")
        assert not app.guide.walk.items[0].running  # type: ignore[union-attr]
        machine.gate.set()
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press("f2")
        await until(pilot, lambda: app.guide.walk.items[0].done)


async def test_a_step_that_goes_otherwise_than_the_text_says_stays_and_says_how(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine, place=FakePlace("last-look"))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press("f2")
        block = app.query(StepBlock)[1]
        await until(pilot, lambda: "is 3" in str(block.render()))
        assert app.guide.walk.at == 4


async def test_a_step_is_not_typed_into_a_program_and_that_program_is_named(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine, place=FakePlace())
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press(*"cat", "enter")
        await until(pilot, lambda: machine.shells[0].foreground().program == "cat")
        await pilot.press("f2")
        step = app.guide.walk.items[0]
        assert isinstance(step, StepState)
        await until(pilot, lambda: "`cat`" in step.trouble)
        await pilot.press("ctrl+d", "f2")
        await until(pilot, lambda: step.done)


async def test_a_question_is_answered_in_place_and_a_wrong_answer_can_be_mended(tmp_path: Path) -> None:
    machine, progress = FakeMachine(), FakeProgress()
    app = lesson(tmp_path, machine, progress=progress, place=FakePlace("cgroups/why"))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.focused, OptionList))
        await pilot.press("1")
        question = app.guide.walk.item
        assert isinstance(question, QuestionState)
        await until(pilot, lambda: question.wrong == {1})
        assert not progress.passed("cgroups/why")
        await pilot.press("2")
        await until(pilot, lambda: progress.passed("cgroups/why"))
        await until(pilot, lambda: "told" in app.query_one("#explanation", Markdown).source)


async def test_f8_shows_the_tree_of_cgroups_and_hides_it_again(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press("f8")
        await until(pilot, says(app, "#tree", "1 lab-init"))
        await pilot.press("f8")
        await until(pilot, lambda: not app.query_one(LiveView).display)


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
        await pilot.press("f2")
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


async def test_a_scene_or_watch_that_fails_is_told_on_the_card(tmp_path: Path) -> None:
    machine = FakeMachine()
    machine.scene_status = 1
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, says(app, "#task-note", "F5"))
        assert not machine.watches
        machine.scene_status = 0
        await pilot.press("f5")
        await until(pilot, watched(machine))
        machine.watches[FIRST].break_with(MachineError("agent-fault", reason="a \x1b[2J bug"))
        await until(pilot, says(app, "#task-note", "a ␛[2J bug"))


async def test_a_machine_that_is_lost_is_told_and_another_one_taken(tmp_path: Path) -> None:
    machines = [FakeMachine(), FakeMachine()]
    first = machines[-1]
    told = chapter(tmp_path)
    app = LessonApp(entry(told), lambda: told, machines.pop, "en", FakeProgress(), FakePlace(FIRST))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await until(pilot, watched(first))
        first.close()
        await until(pilot, lambda: app.phase is Phase.FAILED)
        assert Words("en").error(MachineError("machine-gone"))[0] in shown(app, "#notice")
        await pilot.press("f5")
        await until(pilot, lambda: app.phase is Phase.READY and not machines)
        await until(pilot, lambda: app.query_one(Terminal).running and app.query_one(Terminal).display)


async def test_a_shell_that_ends_says_how_and_that_enter_opens_another(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        await pilot.press(*"exit", "space", "7", "enter")
        await until(pilot, lambda: "has ended: 7" in app.query_one(Terminal).text)
        await pilot.press("enter")
        await until(pilot, lambda: len(machine.shells) == 2)


async def test_a_screen_too_small_asks_for_a_bigger_one(tmp_path: Path) -> None:
    app = lesson(tmp_path, FakeMachine())
    async with running(app, (50, 12)) as pilot:
        await until(pilot, lambda: app.screen.has_class("-too-small"))
        assert "60×16" in shown(app, "#too-small") and "50×12" in shown(app, "#too-small")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: not app.screen.has_class("-too-small"))


def test_the_engine_is_not_imported_with_the_lesson() -> None:
    script = (
        "import sys, tui.lesson; assert 'textual' not in sys.modules; "
        "import tui.lesson.app; assert not any(name.startswith('pyghostty') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
