"""The lesson without a screen: the chapter from top to bottom, line by line, with the same steps, tasks and questions.
For a screen reader, a braille display, a slow line, or whoever likes it so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.text import Text

from lablib.course.model import Chapter, Prose
from lablib.machine.base import Machine
from lablib.needs import blocking
from lablib.player import Played, Player
from lablib.scene import set_scene
from lablib.session.session import BusyError
from lablib.text import printable
from lablib.verdict import Result, Verdict
from tui.lesson.state import Item, Place, Progress, QuestionState, StepState, TaskState, Walk
from tui.lesson.text import item_title, step_note
from tui.lesson.words import Words
from tui.plain.console import indented, markdown
from tui.plain.reading import question_text, step_commands

QUIT, SKIP, HINT, SHELL = "q", "s", "h", ""
SIGNS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.BLOCKED: "⊘", Verdict.ERROR: "!"}


class Asked(Protocol):
    """Where a line of the reader's comes from."""

    def __call__(self, prompt: str, /) -> str:
        """Raises EOFError where there is none any more."""


class PlainLesson:
    """One chapter on one machine, from where the reader was to its end or until they have enough."""

    def __init__(
        self, chapter: Chapter, machine: Machine, player: Player, kept: tuple[Progress, Place], words: Words
    ) -> None:
        self._chapter = chapter
        self._machine = machine
        self._player = player
        self._progress, self._place = kept
        self._words = words

    def run(self, console: Console, ask: Asked, shell: Callable[[], object], start: str = "") -> None:
        """Goes through the chapter from the item `start`. `shell` gives this terminal to a shell of the machine until
        that ends. Raises MachineError, ProgressError."""
        walk = Walk(self._chapter, self._progress, start or self._place.at(self._chapter.id))
        items = iter(walk.items)
        begun = walk.at == 0
        for block in self._chapter.blocks[self._words.language]:
            if isinstance(block, Prose):
                if begun:
                    console.print("", markdown(block.markdown), sep="\n")
                continue
            item = next(items)
            begun = begun or item is walk.item
            if begun and not self._goes_on(item, walk, console, ask, shell):
                return
        console.print("", self._words.screen("at_end"), sep="\n")

    def _goes_on(self, item: Item, walk: Walk, console: Console, ask: Asked, shell: Callable[[], object]) -> bool:
        """Whether the reader goes on after `item`."""
        self._place.remember(self._chapter.id, item.id)
        console.print("", Text(item_title(item, walk, self._words), "bold"), sep="\n")
        try:
            if isinstance(item, StepState):
                return self._step(item, console, ask)
            if isinstance(item, TaskState):
                return self._task(item, console, ask, shell)
            return self._question(item, console, ask)
        except EOFError:
            return False

    def _step(self, item: StepState, console: Console, ask: Asked) -> bool:
        console.print(step_commands(item.step))
        while True:
            answer = self._asked(ask, "plain_step")
            if answer in (QUIT, SKIP):
                return answer == SKIP
            try:
                played = self._player.play(item.step)
            except BusyError as error:
                console.print(" ".join(self._words.error(error)))
                continue
            item.take(played)
            self._tell(item, played, console)
            if item.done:
                return True

    def _tell(self, item: StepState, played: Played, console: Console) -> None:
        if played.outcome is not None and played.outcome.output:
            console.print(indented(Text(printable(played.outcome.output))))
        console.print(step_note(item, self._words, more=False)[0])

    def _task(self, item: TaskState, console: Console, ask: Asked, shell: Callable[[], object]) -> bool:
        console.print(markdown(item.task.body.get(self._words.language, "")))
        if blocked := blocking(self._machine, item.task):
            console.print(self._sentence(item, blocked))
            return True
        set_scene(self._machine, item.task)
        while True:
            answer = self._asked(ask, "plain_task")
            if answer in (QUIT, SKIP):
                return answer == SKIP
            if answer == HINT:
                self._hint(item, console)
                continue
            shell()
            if item.take(self._machine.check(item.id)):
                self._progress.mark_passed(item.id)
            for result in item.results:
                console.print(self._sentence(item, result))
            if item.verdict is Verdict.PASS:
                return True

    def _hint(self, item: TaskState, console: Console) -> None:
        hints = item.task.hints.get(self._words.language, ())
        if item.hints == len(hints):
            console.print(self._words.screen("no_more_hints" if hints else "no_hints"))
            return
        item.hints += 1
        console.print(self._words.screen("hint", number=item.hints, total=len(hints)))
        console.print(markdown(hints[item.hints - 1]))

    def _sentence(self, item: TaskState, result: Result) -> str:
        name = self._words.check_name(item.id, result.id, item.task.parameters)
        why = f": {self._words.why(result.key, result.params)}" if result.key else ""
        return f"{SIGNS[result.verdict]} {name}{why}"

    def _question(self, item: QuestionState, console: Console, ask: Asked) -> bool:
        for part in question_text(item, self._words):
            console.print(part)
        while not item.passed:
            answer = self._asked(ask, "plain_question")
            if answer in (QUIT, SKIP):
                return answer == SKIP
            if answer.isdecimal() and item.answer(int(answer)):
                self._progress.mark_passed(item.id)
                console.print(markdown(item.question.explanation.get(self._words.language, "")))
            else:
                console.print(self._words.screen("wrong_answer"))
        return True

    def _asked(self, ask: Asked, key: str) -> str:
        return ask(f"{self._words.screen(key)} ").strip().casefold()
