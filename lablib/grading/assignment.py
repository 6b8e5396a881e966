"""What is asked of students: the tasks and questions of the course, what each is worth, and which of them everybody
must hand in.

A course file (TOML) says the latter two; everything in it may be left out:

    title = "Containers, autumn"
    chapters = ["cgroups"]              # all of these is asked
    [points]
    "cgroups/memory-only" = 30          # asked, and worth this; 0 takes it out
    seccomp.first-filter = 10           # the same, as TOML nests it
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lablib.course.model import Text
from lablib.course.structure import Structure
from lablib.errors import UsageError

MAX_COURSE_FILE = 1 << 20
_KEYS = frozenset({"title", "chapters", "points"})


@dataclass(frozen=True)
class Item:
    """A task or a question, `id` being `chapter/name`."""

    id: str
    title: Text
    points: float
    is_question: bool = False
    asked: bool = False
    """Whether it counts also for who handed in nothing for it."""


@dataclass(frozen=True)
class Assignment:
    """Every item of the course, in its order."""

    items: Mapping[str, Item]
    title: str = ""

    @property
    def chapters(self) -> frozenset[str]:
        return frozenset(id.partition("/")[0] for id in self.items)

    @property
    def has_course_file(self) -> bool:
        """Whether it is said what is asked; else each submission is measured by what it holds."""
        return any(item.asked for item in self.items.values())


def assignment(structures: Iterable[Structure], course_file: Path | None = None) -> Assignment:
    """The course in `structures`, as `course_file` wants it graded. Raises UsageError where that makes no sense."""
    items: dict[str, Item] = {}
    for chapter in structures:
        items |= {task.id: Item(task.id, task.title, task.points) for task in chapter.tasks}
        items |= {one.id: Item(one.id, one.title, one.points, is_question=True) for one in chapter.questions}
    return Assignment(items) if course_file is None else _as_asked(items, course_file)


def _as_asked(items: dict[str, Item], path: Path) -> Assignment:
    values = _read(path)
    for key in values:
        if key not in _KEYS:
            raise _wrong(path, f"{key}: {', '.join(sorted(_KEYS))}")
    title, chapters, points = values.get("title", ""), values.get("chapters", []), values.get("points", {})
    if not (isinstance(title, str) and isinstance(chapters, list) and isinstance(points, dict)):
        raise _wrong(path, 'title = "…", chapters = ["…"], [points]')
    known = {id.partition("/")[0] for id in items}
    for chapter in chapters:
        if chapter not in known:
            raise _wrong(path, f"chapters: {chapter}")
    items = {id: replace(item, asked=id.partition("/")[0] in chapters) for id, item in items.items()}
    for id, value in flat(points):
        if id not in items or not _is_points(value):
            raise _wrong(path, f"{id} = {value}")
        items[id] = replace(items[id], points=float(value), asked=value > 0)
    if not any(item.asked for item in items.values()):
        raise _wrong(path, "chapters = [], [points]")
    return Assignment({id: item for id, item in items.items() if item.asked}, title)


def _is_points(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < math.inf


def flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a table says of `chapter/name`, whether it is written as one key or as a table for each chapter."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            for name, one in value.items():
                yield f"{key}/{name}", one
        else:
            yield key, value


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_COURSE_FILE)
        return tomllib.loads(content.decode())
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:  # what is not TOML or not UTF-8 is a ValueError
        raise _wrong(path, str(error)) from error


def _wrong(path: Path, reason: str) -> UsageError:
    return UsageError("course-file", path=str(path), reason=reason)
