"""Who works here, where a course has parameters for each student: a file that `labs grade --parameters` makes of the
course's secret, and that is kept once it was given to `labs student`. It says what lessons show and check on this
machine. A grade is by what the grader draws, whatever this file says, so it need not be proof against its owner; but
what it says is shown and run here, so nothing is believed that could not have been drawn.

    {"form": 1, "student": ID, "parameters": {"CHAPTER/TASK": {NAME: VALUE}}}
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lablib.course.structure import TaskStructure
from lablib.errors import LabsError
from lablib.parameters import Values, accepted
from lablib.state import data_folder, replace

FORM = 1
MAX_BYTES = 256 << 10
MAX_ID = 64
"""Characters of a student's id."""
_TASK = 200


@dataclass(frozen=True)
class Student:
    id: str
    parameters: Mapping[str, Values]
    """By task."""

    def values(self, tasks: Iterable[TaskStructure]) -> Mapping[str, Values]:
        """Those of `tasks` that have any. Raises LabsError where the file does not say them, as one that was made for
        another version of the course."""
        values = {}
        for task in tasks:
            if task.parameters:
                try:
                    values[task.id] = accepted(task.parameters, self.parameters.get(task.id))
                except ValueError as error:
                    raise LabsError("student-file-other", task=task.id) from error
        return values

    def to_json(self) -> bytes:
        value = {"form": FORM, "student": self.id, "parameters": {id: dict(one) for id, one in self.parameters.items()}}
        return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def read_student(path: Path) -> Student:
    """The student of the file `path`. Raises LabsError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 10} KiB")
        return _student(json.loads(content))
    except OSError as error:
        raise LabsError("student-file", path=str(path), reason=error.strerror or str(error)) from error
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise LabsError("student-file", path=str(path), reason=str(error)[:_TASK]) from error


def _student(value: Any) -> Student:
    if value["form"] != FORM:
        raise ValueError("another form")
    if not isinstance(value["student"], str) or not is_student(value["student"]):
        raise ValueError("not a student's id")
    tasks = {str(task): dict(values) for task, values in value["parameters"].items()}
    return Student(value["student"], tasks)


def kept_file() -> Path:
    return Path(data_folder(), "student.json")


def kept_student() -> Student | None:
    """Whoever works here; None where that was never said. Raises LabsError."""
    return read_student(kept_file()) if kept_file().exists() else None


def keep(student: Student) -> None:
    """Raises LabsError."""
    try:
        kept_file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(str(kept_file()), student.to_json())
    except OSError as error:
        raise LabsError("student-not-kept", path=str(kept_file()), reason=error.strerror or str(error)) from error


def forget() -> None:
    """Nobody works here any more. Raises LabsError."""
    try:
        with suppress(FileNotFoundError):
            kept_file().unlink()
    except OSError as error:
        raise LabsError("student-not-kept", path=str(kept_file()), reason=error.strerror or str(error)) from error


def canonical(student: str) -> str:
    """One student's id however it is written: in whatever Unicode form, in capitals or not, with blanks around it."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", student).casefold())
    return " ".join(folded.split())


def is_student(id: str) -> bool:
    """Whether a student may be called so: it becomes part of a file's name."""
    return 0 < len(id) <= MAX_ID and id == id.strip() and id.isprintable() and "/" not in id and not id.startswith(".")
