"""What the lesson knows about its tasks: a goal once reached stays reached, and a later regression is seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from lablib.course.model import Task
from lablib.verdict import Result, Verdict, overall


class Progress(Protocol):
    """Which tasks the student has passed, kept over lessons."""

    def passed(self, task_id: str) -> bool: ...

    def mark_passed(self, task_id: str) -> None: ...


class Phase(Enum):
    """How far the machine has come."""

    BOOTING = auto()
    READY = auto()
    FAILED = auto()
    CLOSING = auto()


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
