"""What a course is made of. Everything is frozen; text is kept per language, structure once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from lablib.parameters import Declared, Values

Text = Mapping[str, str]
"""One text in every language: `{"en": …, "zh": …}`."""


@dataclass(frozen=True)
class Wrong:
    """A wrong solution, and how it must fail: the check and the failure key its header names."""

    script: Path
    check: str
    key: str


@dataclass(frozen=True)
class Task:
    """A goal graded from kernel state. `id` is `chapter/task`."""

    id: str
    title: Text
    points: int
    needs: tuple[str, ...] = ()
    """What the machine must offer, such as `controller:memory`."""
    scene: Path | None = None
    """A script that sets the state the task starts from; run as root in the student's world, safe to run again."""
    body: Text = field(default_factory=dict)
    """What is asked, in CommonMark."""
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per language, in the order they are given."""
    solutions: tuple[Path, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    files: tuple[str, ...] = ()
    """Of `~/lab`: what may be handed in in place of a script, the first that there is."""
    declared: Declared = field(default_factory=dict)
    """Its parameters (`lablib.parameters`)."""
    parameters: Values = field(default_factory=dict)
    """What they are for whoever it is given to."""


class End(StrEnum):
    """How a step comes to an end."""

    EXITED = "exited"
    """Back at the prompt of the shell it was typed in."""
    ENTERED = "entered"
    """At the prompt of another shell, which it started."""
    LEFT = "left"
    """At the prompt of a shell from before: it ended the one it was typed in."""
    WAITING = "waiting"
    """A program it started waits for the reader's keys."""
    TIMEOUT = "timeout"
    """It still ran when its time was up. No step is meant to end so."""
    LOST = "lost"
    """The shell or its machine has ended. No step is meant to end so."""


@dataclass(frozen=True)
class Step:
    """Commands of the chapter that run live, and how they behave on every machine that can run them."""

    id: str
    commands: str
    ends: End = End.EXITED
    status: int = 0
    """The exit status of the last command, where it ends at a prompt."""
    shows: tuple[str, ...] = ()
    """Regular expressions, each found somewhere in what it prints."""
    varies: tuple[str, ...] = ()
    """Regular expressions for what differs from one run to the next on one machine, such as a pid."""
    scene: Path | None = None
    """A script that sets the state it starts from; run as root in the student's world, safe to run again."""
    inside: str = ""
    """The step whose shell it is typed in; empty for the first shell."""
    seconds: float = 10.0
    """How long it may take."""
    needs: tuple[str, ...] = ()
    """What the machine must offer, such as `program:systemctl`."""
    recorded: str = ""
    """What the page shows as its output; empty where it shows nothing."""


@dataclass(frozen=True)
class Question:
    """Something to find out by an experiment. `id` is `chapter/question`; what was answered is progress like a task."""

    id: str
    title: Text
    points: int
    answer: int
    """The right choice, counted from 1."""
    experiment: str
    """The step whose outcome answers it."""
    body: Text = field(default_factory=dict)
    """What is asked, in CommonMark."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per language, in order, each a line of CommonMark."""
    explanation: Text = field(default_factory=dict)
    """Shown once it is answered."""


@dataclass(frozen=True)
class Prose:
    """CommonMark between steps and tasks."""

    markdown: str


@dataclass(frozen=True)
class TaskPlace:
    """Where a task stands in the chapter."""

    task: Task


@dataclass(frozen=True)
class QuestionPlace:
    """Where a question stands in the chapter."""

    question: Question


Block = Prose | Step | TaskPlace | QuestionPlace


@dataclass(frozen=True)
class Chapter:
    """A chapter as its folder says it."""

    id: str
    number: int
    title: Text
    packages: tuple[str, ...]
    """Debian packages whose programs the chapter uses."""
    tasks: tuple[Task, ...]
    questions: tuple[Question, ...]
    blocks: Mapping[str, tuple[Block, ...]]
    """Per language, in reading order."""
    folder: Path

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps in reading order; they are the same in every language."""
        blocks = next(iter(self.blocks.values()))
        return tuple(block for block in blocks if isinstance(block, Step))


@dataclass(frozen=True)
class Course:
    chapters: tuple[Chapter, ...]
