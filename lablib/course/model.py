"""What a course is made of. Everything is frozen; text is kept per language, structure once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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


@dataclass(frozen=True)
class Step:
    """Commands of the chapter that run live. `enters` says that they leave the reader in another shell."""

    id: str
    commands: str
    enters: bool = False
    recorded: str = ""
    """What the commands printed when the chapter was recorded; empty where nothing was."""


@dataclass(frozen=True)
class Prose:
    """CommonMark between steps and tasks."""

    markdown: str


@dataclass(frozen=True)
class TaskPlace:
    """Where a task stands in the chapter."""

    task: Task


Block = Prose | Step | TaskPlace


@dataclass(frozen=True)
class Chapter:
    """A chapter as its folder says it."""

    id: str
    number: int
    title: Text
    packages: tuple[str, ...]
    """Debian packages whose programs the chapter uses."""
    tasks: tuple[Task, ...]
    blocks: Mapping[str, tuple[Block, ...]]
    """Per language, in reading order."""
    folder: Path


@dataclass(frozen=True)
class Course:
    chapters: tuple[Chapter, ...]
