"""Leads the reader through the items of a chapter: what the keys do at each, and what becomes of what the machine says.
Knows no widget; what is to be seen it asks of its `Stage`."""

from __future__ import annotations

from typing import Protocol

from lablib.course.model import Chapter, End
from lablib.errors import LabsError
from lablib.session.session import BusyError
from lablib.verdict import Verdict
from tui.lesson import news
from tui.lesson.backstage import Backstage
from tui.lesson.state import Item, Place, Progress, QuestionState, StepState, TaskState, Walk
from tui.lesson.words import Words

QUICKER = "quicker_guests"
"""The key of what is said, and of the note that it was."""
TOUR = ("tour_step", "tour_shell", "tour_task")
"""What a new reader is told once, each when it is of use: at the first step, once it has run, and at the first task."""


class Stage(Protocol):
    """What the guide asks of the screen as a whole."""

    @property
    def ready(self) -> bool:
        """Whether the machine is up and has a shell."""

    @property
    def could_be_quicker(self) -> bool:
        """Whether it is a guest whose kernel is slower than the one that `labs guest build` makes."""

    def say(self, sentence: str, *, warning: bool = False) -> None:
        """Says what has just happened; it lies over the rest for a moment."""

    def tell(self, sentence: str) -> bool:
        """Tells what is good to know, covering nothing; False while something else is being told."""

    def show_status(self) -> None:
        """Says which keys do what now."""

    def give_keys(self) -> None:
        """Gives the keys to the shell that steps are typed into."""

    def show_shell(self) -> None:
        """Shows that shell."""

    def lost(self, error: Exception) -> bool:
        """Whether `error` means that the machine is gone; if so, the screen says it."""


class Pages(Protocol):
    """What the guide asks of the chapter as it is shown."""

    async def show(self, item: Item) -> None:
        """Shows what has become of `item`."""

    async def turn_to(self, item: Item) -> None:
        """Brings `item` before the reader."""

    def ask(self, state: QuestionState) -> None:
        """Lets the reader choose an answer."""

    @property
    def unread(self) -> bool:
        """Whether there is more to read about the item at hand than has been shown."""

    def read_on(self) -> None:
        """Shows the next page of it."""


class Guide:
    """The reader's way through one chapter."""

    def __init__(
        self,
        chapter: Chapter,
        walk: Walk,
        page: Pages,
        words: Words,
        backstage: Backstage,
        kept: tuple[Progress, Place],
    ) -> None:
        self.walk = walk
        self._chapter = chapter
        self._page = page
        self._words = words
        self._backstage = backstage
        self._progress, self._place = kept
        self._turn = 0

    async def arrive(self, stage: Stage) -> None:
        """Begins with the item at hand: a task's scene is set and its checks are watched."""
        item = self.walk.item
        self._backstage.end_turn()
        if item is None:
            return
        if stage.ready:
            self._tell_about(item, stage)
        self._backstage.note(lambda: self._place.remember(self._chapter.id, item.id))
        if isinstance(item, TaskState) and stage.ready:
            item.begin()
            self._turn = self._backstage.begin(item.task)
        await self._page.turn_to(item)
        stage.show_status()

    def _tell_about(self, item: Item, stage: Stage) -> None:
        """What a reader is told once in their life, one thing at a time; how guests can be quicker when they know the
        way."""
        if isinstance(item, StepState):
            self._tell(TOUR[0], stage)
        elif isinstance(item, TaskState):
            self._tell(TOUR[2], stage)
        if stage.could_be_quicker and all(map(self._place.was_told, TOUR)):
            self._tell(QUICKER, stage)

    def _tell(self, key: str, stage: Stage) -> None:
        if not self._place.was_told(key) and stage.tell(self._words.screen(key)):
            self._backstage.note(lambda: self._place.note_told(key))

    @property
    def next_act(self) -> str:
        """The key of the word for what `go_on` does at the item at hand."""
        item = self.walk.item
        if self._page.unread:
            return "key_read"
        if isinstance(item, StepState):
            return "key_run"
        return "key_answer" if isinstance(item, QuestionState) and not item.done else "key_next"

    @property
    def may_go_on(self) -> bool:
        """Whether `go_on` does anything but say why it does not."""
        item = self.walk.item
        if self._page.unread:
            return True
        if isinstance(item, TaskState) and not item.done and item.verdict is not Verdict.BLOCKED:
            return False
        return (isinstance(item, StepState) and not item.running) or self.next_act == "key_answer" or not self.walk.last

    @property
    def at_task(self) -> bool:
        return isinstance(self.walk.item, TaskState)

    @property
    def hints_left(self) -> bool:
        """Whether there is a hint that the task at hand has not given yet."""
        item = self.walk.item
        return isinstance(item, TaskState) and item.hints < len(self._hints(item))

    def _hints(self, item: TaskState) -> tuple[str, ...]:
        return item.task.hints.get(self._words.language, ())

    # Keys

    async def go_on(self, stage: Stage) -> None:
        """Turns the page where there is more to read about the item at hand; else runs the step at hand; from a task or
        question that is done goes to the next item, and if that is a step that is in view runs it."""
        item = self.walk.item
        if self._page.unread:
            self._page.read_on()
        elif isinstance(item, StepState):
            await self._play(item, stage)
        elif isinstance(item, QuestionState) and not item.done:
            self._page.ask(item)
        elif isinstance(item, TaskState) and not self.may_go_on:
            stage.say(self._words.screen("task_first"))
        elif await self.move(1, stage) and isinstance(self.walk.item, StepState) and not self._page.unread:
            await self._play(self.walk.item, stage)

    async def move(self, by: int, stage: Stage) -> bool:
        """Goes to the next item, or the one before, as it is."""
        if not self.walk.move(by):
            stage.say(self._words.screen("at_end" if by > 0 else "at_start"))
            return False
        await self.arrive(stage)
        return True

    async def go_to(self, id: str, stage: Stage) -> None:
        """Goes to the item called `id`."""
        for at, item in enumerate(self.walk.items):
            if item.id == id and at != self.walk.at:
                self.walk.at = at
                await self.arrive(stage)

    async def hint(self, stage: Stage) -> bool:
        """Gives one more hint to the task at hand; whether there was one."""
        item = self.walk.item
        if not isinstance(item, TaskState) or not self.hints_left:
            there = isinstance(item, TaskState) and self._hints(item)
            stage.say(self._words.screen("no_more_hints" if there else "no_hints"))
            return False
        item.hints += 1
        await self._show(item, stage)
        return True

    async def answer(self, state: QuestionState, choice: int, stage: Stage) -> None:
        if state.passed:
            return
        if state.answer(choice):
            self._mark(state.id, stage)
        else:
            stage.say(self._words.screen("wrong_answer"), warning=True)
        await self._show(state, stage)

    # What the machine says

    async def on_played(self, event: news.StepPlayed, stage: Stage) -> None:
        """A step that went as the text says leads to the next item."""
        item = self.walk.find(event.played.step.id)
        if not isinstance(item, StepState):
            return
        item.take(event.played, event.recorded)
        await self._show(item, stage)
        if event.played.outcome is not None and event.played.outcome.end in (End.WAITING, End.TIMEOUT):
            stage.give_keys()
        if item.done and item is self.walk.item and not self.walk.last:
            await self.move(1, stage)
        self._tell(TOUR[1], stage)  # what is to be told of the next item comes first

    async def on_step_failed(self, event: news.StepFailed, stage: Stage) -> None:
        item = self.walk.find(event.step)
        if not isinstance(item, StepState):
            return
        trouble = "\n".join(part for part in self._words.error(event.error) if part)
        item.fail(trouble)
        if not stage.lost(event.error):
            stage.say(trouble, warning=True)
            if isinstance(event.error, BusyError):
                stage.give_keys()
        await self._show(item, stage)

    async def on_checked(self, event: news.Checked, stage: Stage) -> None:
        item = self.walk.item
        if event.turn == self._turn and isinstance(item, TaskState):
            if item.take(event.results):
                stage.say(self._words.screen("passed_now"))
                self._mark(item.id, stage)
            await self._show(item, stage)
        event.done.set()

    async def on_turn_failed(self, event: news.TurnFailed, stage: Stage) -> None:
        item = self.walk.item
        if event.turn != self._turn or not isinstance(item, TaskState) or not stage.ready:
            return
        stage.lost(event.error)
        parts = (self._words.screen("watch_failed"), *self._words.error(event.error))
        item.fail("\n".join(part for part in parts if part))
        await self._show(item, stage)

    async def _play(self, item: StepState, stage: Stage) -> None:
        if not stage.ready:
            stage.say(self._words.screen("not_ready"))
        elif item.running:
            stage.say(self._words.screen("step_still_running"))
        else:
            item.begin()
            stage.show_shell()
            await self._show(item, stage)
            self._backstage.play(self._chapter, item.step)

    async def _show(self, item: Item, stage: Stage) -> None:
        await self._page.show(item)
        stage.show_status()

    def _mark(self, id: str, stage: Stage) -> None:
        try:
            self._progress.mark_passed(id)
        except (LabsError, OSError) as error:
            sentence = " ".join(self._words.error(error))
            stage.say(self._words.screen("progress_failed", error=sentence), warning=True)
