"""What the lesson knows about the items of its chapter: steps, tasks and questions, and which one the reader is at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from lablib.course.model import Chapter, Question, QuestionPlace, Step, Task, TaskPlace
from lablib.verdict import Result, Verdict, overall

if TYPE_CHECKING:
    from lablib.player import Played
    from lablib.session.recording import Recorded


class Progress(Protocol):
    """Which tasks and questions the student has passed, kept over lessons."""

    def passed(self, task: str) -> bool: ...

    def mark_passed(self, task: str) -> None: ...


class Place(Protocol):
    """Where the student was in each chapter, which remarks were made and which colours were chosen, kept over
    lessons."""

    @property
    def theme(self) -> str: ...

    def choose_theme(self, name: str) -> None: ...

    def at(self, chapter: str) -> str: ...

    def remember(self, chapter: str, item: str = "") -> None: ...

    def was_told(self, key: str) -> bool: ...

    def note_told(self, key: str) -> None: ...


class Scene(Enum):
    """How far the state that a task starts from has come."""

    WAITING = auto()
    SETTING = auto()
    SET = auto()
    FAILED = auto()


@dataclass
class TaskState:
    """One task in this lesson."""

    task: Task
    passed: bool
    reached: bool = False
    """Whether its goal was reached since its scene was last set."""
    scene: Scene = Scene.WAITING
    results: tuple[Result, ...] = ()
    hints: int = 0
    """Hints given so far."""
    trouble: str = ""
    """Why its scene could not be set, or why it is watched no more."""

    @property
    def id(self) -> str:
        return self.task.id

    @property
    def done(self) -> bool:
        return self.passed

    def begin(self) -> None:
        """The scene is being set (again)."""
        self.scene, self.reached, self.results, self.trouble = Scene.SETTING, False, (), ""

    def take(self, results: tuple[Result, ...]) -> bool:
        """Takes what the checks say now; True when that passes the task for the first time."""
        self.scene, self.results = Scene.SET, results
        if overall(results) is not Verdict.PASS:
            return False
        self.reached = True
        first, self.passed = not self.passed, True
        return first

    def fail(self, trouble: str) -> None:
        self.scene, self.trouble = Scene.FAILED, trouble

    @property
    def verdict(self) -> Verdict | None:
        """What the checks say now; None before they said anything."""
        return overall(self.results) if self.results else None

    @property
    def regressed(self) -> bool:
        """Whether the goal was reached and holds no more."""
        return self.reached and self.verdict is not Verdict.PASS


@dataclass
class StepState:
    """One step in this lesson."""

    step: Step
    running: bool = False
    played: Played | None = None
    recorded: Recorded | None = None
    """What it did when it was recorded, where it went otherwise now."""
    trouble: str = ""
    """Why it could not be played."""

    @property
    def id(self) -> str:
        return self.step.id

    @property
    def done(self) -> bool:
        """Whether the text can go on: it behaved as it declares, or cannot be run on this machine."""
        return self.played is not None and self.played.as_declared

    def begin(self) -> None:
        self.running, self.played, self.trouble = True, None, ""

    def take(self, played: Played, recorded: Recorded | None = None) -> None:
        self.running, self.played, self.recorded = False, played, recorded

    def fail(self, trouble: str) -> None:
        self.running, self.trouble = False, trouble


@dataclass
class QuestionState:
    """One question in this lesson."""

    question: Question
    passed: bool
    wrong: set[int] = field(default_factory=set)
    """Choices that were tried and are not right, counted from 1."""

    @property
    def id(self) -> str:
        return self.question.id

    @property
    def done(self) -> bool:
        return self.passed

    def answer(self, choice: int) -> bool:
        """Whether `choice`, counted from 1, is right."""
        if choice != self.question.answer:
            self.wrong.add(choice)
            return False
        self.passed = True
        return True


Item = StepState | TaskState | QuestionState


class Walk:
    """The items of a chapter in reading order, and the one the reader is at."""

    def __init__(self, chapter: Chapter, progress: Progress, start: str = "") -> None:
        """`start` is the id of the item to begin at; one that is not there (any more) is the first."""
        self.items = list(_items(chapter, progress))
        self.at = next((at for at, item in enumerate(self.items) if item.id == start), 0)

    @property
    def item(self) -> Item | None:
        """None in a chapter without any."""
        return self.items[self.at] if self.items else None

    def move(self, by: int) -> bool:
        """Goes `by` items on; False when there is none."""
        there = self.at + by
        if not 0 <= there < len(self.items):
            return False
        self.at = there
        return True

    @property
    def last(self) -> bool:
        return self.at >= len(self.items) - 1

    def number(self, item: Item) -> tuple[int, int]:
        """Which of its kind `item` is, counted from 1, and how many there are."""
        alike = [other for other in self.items if type(other) is type(item)]
        return alike.index(item) + 1, len(alike)

    def find(self, id: str) -> Item | None:
        return next((item for item in self.items if item.id == id), None)


def _items(chapter: Chapter, progress: Progress) -> Iterator[Item]:
    for block in next(iter(chapter.blocks.values())):
        if isinstance(block, Step):
            yield StepState(block)
        elif isinstance(block, TaskPlace):
            yield TaskState(block.task, progress.passed(block.task.id))
        elif isinstance(block, QuestionPlace):
            yield QuestionState(block.question, progress.passed(block.question.id))
