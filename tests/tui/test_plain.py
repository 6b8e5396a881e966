"""The lesson without a screen, on a machine whose checks say what the test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from lablib.course.model import Chapter
from lablib.machine.base import Size
from lablib.player import Player
from lablib.session.session import Session
from lablib.verdict import Result
from tests.tui.fake_machine import DONE, FAILING, PASSING, FakeMachine, FakePlace, FakeProgress, chapter
from tests.tui.lessons import FIRST, SECOND
from tui.lesson.words import Words
from tui.plain.lesson import PlainLesson


class Plain:
    """A lesson that is answered with `answers`, one after the other; then nothing more is typed."""

    def __init__(self, told: Chapter, machine: FakeMachine, language: str) -> None:
        self.machine = machine
        self.progress, self.place = FakeProgress(), FakePlace()
        self.shells = 0
        self._page = StringIO()
        self._session = Session(machine, Size(80, 24))
        threading.Thread(target=self._session.drain, daemon=True).start()
        kept = self.progress, self.place
        self._lesson = PlainLesson(told, machine, Player(told, machine, self._session), kept, Words(language))

    def run(self, *answers: str, start: str = "") -> str:
        coming = iter(answers)

        def ask(prompt: str) -> str:
            self._page.write(prompt + "\n")
            try:
                return next(coming)
            except StopIteration:
                raise EOFError from None

        def shell() -> None:
            self.shells += 1

        console = Console(file=self._page, width=80, color_system=None, highlight=False)
        self._lesson.run(console, ask, shell, start)
        return "\n".join(line.rstrip() for line in self._page.getvalue().split("\n"))

    def close(self) -> None:
        self._session.close()
        self.machine.close()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Callable[..., Plain]]:
    made: list[Plain] = []

    def make(language: str = "en", *results: tuple[Result, ...]) -> Plain:
        machine = FakeMachine()
        coming = iter(results)
        machine.check = lambda task: next(coming)  # type: ignore[method-assign]
        made.append(Plain(chapter(tmp_path), machine, language))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_prose_and_steps_come_in_their_order_with_what_was_printed(plain: Callable[..., Plain], language: str) -> None:
    page = plain(language).run("", "q")
    order = [page.index(text) for text in ("cgroup.procs", "$ echo first", "\n  first\n  look", "✓", " 1/2 ·")]
    assert order == sorted(order)


def test_a_task_is_solved_in_a_shell_and_told_check_by_check(plain: Callable[..., Plain]) -> None:
    lesson = plain("en", (PASSING, FAILING), (PASSING, DONE))
    page = lesson.run("h", "", "", "q", start=FIRST)
    assert lesson.shells == 2
    assert "Hint 1 of 2" in page
    assert page.index("✗ ") < page.rindex("✓ ")
    assert FAILING.key in page, "and why, by its key where there is no sentence"
    assert lesson.progress.passed(FIRST)
    assert "Clean up" in page and lesson.place.item == SECOND


def test_a_question_is_answered_by_its_number_and_a_wrong_answer_is_asked_again(plain: Callable[..., Plain]) -> None:
    lesson = plain()
    page = lesson.run("1", "x", "99", "2", "q", start="cgroups/why")
    assert page.count("Not that one") == 3
    assert "It does what it is told." in page
    assert lesson.progress.passed("cgroups/why")


def test_what_is_skipped_is_gone_past_and_the_end_is_said(plain: Callable[..., Plain]) -> None:
    page = plain().run("s", "s", "s", "s", "s", "s")
    assert page.rstrip().endswith("That was the last step of this chapter.")


def test_who_has_enough_ends_it_and_goes_on_there(plain: Callable[..., Plain]) -> None:
    lesson = plain()
    lesson.run("s", "q")
    assert lesson.place.item == FIRST
    assert lesson.run("q").count("$ echo first") == 1, "not again"


def test_a_step_that_goes_otherwise_says_how_and_names_no_key_of_the_screen(tmp_path: Path) -> None:
    told = chapter(tmp_path)
    blocks = {
        language: (parts[0], replace(told.steps[0], shows=("never",)), *parts[2:])
        for language, parts in told.blocks.items()
    }
    lesson = Plain(replace(told, blocks=blocks), FakeMachine(), "en")
    page = lesson.run("", "q")
    lesson.close()
    assert "✗ " in page and "never" in page and "F2" not in page
    assert page.count("Enter runs it") == 2


def test_a_task_that_this_machine_cannot_offer_says_so_and_asks_for_nothing(tmp_path: Path) -> None:
    told = chapter(tmp_path)
    place = next(block for block in told.blocks["en"] if getattr(block, "task", None) is not None)
    barred = replace(place, task=replace(place.task, needs=("controller:cpuset",)))  # type: ignore[type-var, union-attr]
    blocks = {
        language: tuple(barred if block == place else block for block in parts)
        for language, parts in told.blocks.items()
    }
    lesson = Plain(replace(told, blocks=blocks), FakeMachine(), "en")  # type: ignore[arg-type]
    page = lesson.run("q", start=FIRST)
    lesson.close()
    assert "⊘ " in page and "cpuset controller" in page and lesson.shells == 0
