"""The lesson's screen on a machine whose checks say what the test wants."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from lablib.course.model import TaskPlace
from lablib.errors import MachineError
from lablib.verdict import Evidence, Result, Verdict
from tests.tui.fake_machine import DONE, FAILING, PASSING, TOUR, FakeMachine, FakePlace, FakeProgress, chapter, entry
from tests.tui.lessons import FIRST, SECOND, SIZES, at_task, lesson, named, running, says, shown, watched
from tests.tui.waiting import until
from tui.lesson.app import NO_MACHINE, LessonApp
from tui.lesson.help import Help
from tui.lesson.phase import Phase
from tui.lesson.prose import ProsePane
from tui.lesson.task_card import TaskCard
from tui.lesson.words import Words
from tui.terminal.widget import Terminal


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


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_whose_kernel_is_slow_is_told_once_of_the_quicker_one(tmp_path: Path, language: str) -> None:
    place = FakePlace(FIRST)
    for said in (True, False):
        machine = FakeMachine()
        machine.practice = False
        app = lesson(tmp_path, machine, language, place=place)
        async with running(app, (120, 40)) as pilot:
            await until(pilot, watched(machine))
            assert any("labs guest build" in note.message for note in app._notifications) is said
        assert place.was_told("quicker_guests")


async def test_who_has_the_quick_kernel_is_told_nothing(tmp_path: Path) -> None:
    machine, place = FakeMachine(), FakePlace(FIRST)
    app = lesson(tmp_path, machine, place=place)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, watched(machine))
        assert not app._notifications
    assert place.remarks == set(TOUR)


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


async def test_the_key_that_quits_is_the_shell_s_and_quits_from_the_text(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: "lab#" in app.query_one(Terminal).text and app.readable)
        assert isinstance(app.focused, Terminal)
        app.query_one(Terminal).post_message(events.Paste("stty raw -echo; printf re''ady; head -c 1 | od -An -c"))
        await pilot.press("enter")
        await until(pilot, lambda: "ready" in app.query_one(Terminal).text)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "021" in app.query_one(Terminal).text)
        await pilot.press("ctrl+right_square_bracket", "ctrl+q")
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


async def test_a_task_that_the_machine_cannot_offer_says_what_is_lacking(tmp_path: Path) -> None:
    machine = FakeMachine()
    told = chapter(tmp_path)
    tasks = tuple(replace(task, needs=("controller:cpuset",)) for task in told.tasks)
    places = {task.id: TaskPlace(task) for task in tasks}
    blocks = {
        language: tuple(places[one.task.id] if isinstance(one, TaskPlace) else one for one in parts)
        for language, parts in told.blocks.items()
    }
    needing = replace(told, tasks=tasks, blocks=blocks)
    app = LessonApp(entry(told), lambda: needing, lambda: machine, "en", FakeProgress(), FakePlace(FIRST))
    async with running(app, (120, 40)) as pilot:
        await until(pilot, says(app, "#checks", "cpuset controller"))
        assert not any(line.startswith(("remember", "watch")) for line in machine.log), "its scene would fail"


async def test_a_task_that_cannot_be_done_here_is_gone_past_by_the_key_that_goes_on(tmp_path: Path) -> None:
    machine = FakeMachine()
    app = lesson(tmp_path, machine)
    async with running(app, (120, 40)) as pilot:
        await until(pilot, watched(machine))
        machine.watches[FIRST].say(Result("machine", Verdict.BLOCKED, "grading.recording"))
        await until(pilot, says(app, "#checks", "recording"))
        await pilot.press("f2")
        await until(pilot, lambda: app.guide.walk.item is not None and app.guide.walk.item.id == SECOND)


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
