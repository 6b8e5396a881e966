"""What is asked of students: the tasks and questions of the course, what each is worth, and which of them everybody
must hand in.

A course file (TOML) says the latter two, and what the parameters of tasks are drawn from; everything in it may be left
out:

    title = "Containers, autumn"
    chapters = ["cgroups"]              # all of these is asked
    [points]
    "cgroups/memory-only" = 30          # asked, and worth this; 0 takes it out
    seccomp.first-filter = 10           # the same, as TOML nests it
    [parameters]
    secret = "secret"                   # a file, from the folder of this one: each student has parameters of their own
    students = "students"               # another: an id in each line
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lablib.course.model import Text
from lablib.course.structure import Structure
from lablib.errors import UsageError
from lablib.grading.drawing import Secret, read_secret
from lablib.parameters import Declared, Values, defaults
from lablib.student import MAX_ID, canonical, is_student
from lablib.text import one_line

MAX_COURSE_FILE = 1 << 20
_KEYS = frozenset({"title", "chapters", "points", "parameters"})
_PARAMETER_KEYS = frozenset({"secret", "students"})


@dataclass(frozen=True)
class Item:
    """A task or a question, `id` being `chapter/name`."""

    id: str
    title: Text
    points: float
    is_question: bool = False
    asked: bool = False
    """Whether it counts also for who handed in nothing for it."""
    parameters: Declared = field(default_factory=dict)
    files: tuple[str, ...] = ()
    """Of `~/lab`: what may be handed in in place of a script."""


@dataclass(frozen=True)
class Assignment:
    """Every item of the course, in its order."""

    items: Mapping[str, Item]
    title: str = ""
    secret: Secret | None = None
    """What parameters are drawn from; without one they are the course's own."""
    students: tuple[str, ...] = ()
    """Ids of everybody who may hand in; empty where that is not said."""
    own: Mapping[str, Values] = field(default_factory=dict)
    """Parameters by task, for the one student who grades their own work."""

    def values(self, student: str, item: str) -> Values:
        """What the parameters of `item` are for the student with this id."""
        declared = self.items[item].parameters
        if self.secret is not None:
            return self.secret.values(student, item, declared)
        return self.own.get(item) or defaults(declared)

    def is_listed(self, student: str) -> bool:
        """Whether the list of students has this one; so it is where there is no list."""
        return not self.students or canonical(student) in self._listed

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(map(canonical, self.students))

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
        items |= {
            task.id: Item(task.id, task.title, task.points, parameters=task.parameters, files=task.files)
            for task in chapter.tasks
        }
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
    secret, students = _parameters(values.get("parameters", {}), path)
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
        if secret is None or chapters or points:
            raise _wrong(path, "chapters = [], [points]")
        return Assignment(items, title, secret, students)
    return Assignment({id: item for id, item in items.items() if item.asked}, title, secret, students)


def _parameters(table: Any, path: Path) -> tuple[Secret | None, tuple[str, ...]]:
    """What parameters are drawn from, and for whom."""
    if not isinstance(table, dict) or not table.keys() <= _PARAMETER_KEYS:
        raise _wrong(path, f"[parameters] {', '.join(sorted(_PARAMETER_KEYS))}")
    files = {key: path.parent / value for key, value in table.items() if isinstance(value, str)}
    if files.keys() != table.keys() or (table and "secret" not in table):
        raise _wrong(path, '[parameters] secret = "…", students = "…"')
    secret = read_secret(files["secret"]) if files else None
    return secret, _students(files["students"]) if "students" in files else ()


def _students(path: Path) -> tuple[str, ...]:
    """The ids in the file `path`. No two may be one student's, whose values would be the same."""
    found: dict[str, str] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not (student := line.strip()):
            continue
        if not is_student(student):
            raise _wrong(path, f"{number}: {one_line(student[:MAX_ID])}")
        if first := found.get(canonical(student)):
            raise _wrong(path, f"{number}: {student}, {first}")
        found[canonical(student)] = student
    return tuple(found.values())


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
        return tomllib.loads(_text(path))
    except (ValueError, RecursionError) as error:  # what is not TOML is a ValueError
        raise _wrong(path, str(error)) from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_COURSE_FILE).decode()
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def _wrong(path: Path, reason: str) -> UsageError:
    return UsageError("course-file", path=str(path), reason=reason)
