"""The course as the command sees it: names of what it has first, and a whole chapter when one is asked for."""

from __future__ import annotations

import os

from lablib.course import index
from lablib.errors import LabsError, UsageError
from lablib.progress import Progress
from labs.arguments import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lablib.course.model import Chapter, Task
    from lablib.course.structure import Structure
    from lablib.parameters import Values

    Row = dict[str, Any]

CONTENT = f"{os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}/content"


def rows(language: str, progress: Progress) -> list[Row]:
    """Every chapter in the form that `labs list --json` prints. Raises LabsError."""
    return [
        {
            "id": chapter.id,
            "title": chapter.title[language],
            "tasks": _rows(chapter.tasks, language, progress),
            "questions": _rows(chapter.questions, language, progress),
        }
        for chapter in _chapters()
    ]


def next_chapter(progress: Progress) -> str:
    """The first chapter with a task or a question that is not passed; the first where there is none."""
    chapters = _chapters()
    for chapter in chapters:
        if any(not progress.passed(entry.id) for entry in chapter.tasks + chapter.questions):
            return chapter.id
    return chapters[0].id


def chapter_ids() -> list[str]:
    """Every chapter, in order. Raises LabsError."""
    return [chapter.id for chapter in _chapters()]


def entries() -> list[index.ChapterEntry]:
    """Every chapter, as far as names go. Raises LabsError."""
    return _chapters()


def lacking() -> dict[str, str]:
    """What each task needs and a guest on this machine would not have, as far as can be told without one; those that
    lack nothing are left out. Raises ContentError."""
    from lablib.needs import lacking_in_guest

    tasks = [task for structure in structures() for task in structure.tasks]
    missing = lacking_in_guest({need for task in tasks for need in task.needs})
    found = {task.id: ", ".join(need for need in task.needs if need in missing) for task in tasks}
    return {id: needs for id, needs in found.items() if needs}


def entry(name: str) -> index.ChapterEntry:
    """The chapter called `name`, as far as its name goes. Raises UsageError with the nearest name."""
    chapters = {chapter.id: chapter for chapter in _chapters()}
    if name not in chapters:
        raise UsageError("unknown-chapter", name=name, hint=nearest(name, chapters))
    return chapters[name]


def chapter(name: str) -> Chapter:
    """The chapter called `name`, with its prose, for whoever works here. Raises UsageError with the nearest name,
    ContentError, and `needs-module` where there is nothing to read CommonMark with."""
    told = structure(name)
    try:
        from lablib.course.parser import load_chapter
    except ModuleNotFoundError as error:
        raise LabsError("needs-module", module=error.name or "") from error
    return load_chapter(told.folder, own(told))


def has_student() -> bool:
    """Whether a chapter is here as nobody recorded it."""
    from lablib.student import kept_file

    return kept_file().exists()


def own(chapter: Structure) -> Mapping[str, Values]:
    """The parameters of whoever works here, by task; none where nobody said who that is. Raises LabsError."""
    from lablib.student import kept_student

    student = kept_student()
    return student.values(chapter.tasks) if student else {}


def task(name: str) -> Task:
    """The task called `name` (`chapter/task`) as far as grading needs it, for whoever works here: no prose is read.
    Raises UsageError with the nearest name, and ContentError."""
    from lablib.course.structure import bare_task

    chapters = _chapters()
    if name not in [task.id for chapter in chapters for task in chapter.tasks]:
        others = [entry.id for chapter in chapters for entry in chapter.tasks + chapter.questions if entry.id != name]
        raise UsageError("unknown-task", name=name, hint=nearest(name, others))
    chapter = structure(name.partition("/")[0])
    found = next(task for task in chapter.tasks if task.id == name)
    return bare_task(chapter.folder, found, own(chapter).get(found.id))


def is_question(name: str) -> bool:
    """Whether `name` (`chapter/question`) is a question of the course. Raises LabsError."""
    return name in [question.id for chapter in _chapters() for question in chapter.questions]


def item(name: str) -> str:
    """The id of the task or question called `name` (`chapter/name`). Raises UsageError with the nearest name."""
    known = [entry.id for chapter in _chapters() for entry in chapter.tasks + chapter.questions]
    if name not in known:
        raise UsageError("unknown-task", name=name, hint=nearest(name, known))
    return name


def packages() -> dict[str, tuple[str, ...]]:
    """The Debian packages of each chapter. Raises ContentError."""
    return {chapter.id: chapter.packages for chapter in structures()}


def structure(name: str) -> Structure:
    """The chapter called `name` without its prose. Raises UsageError with the nearest name, and ContentError."""
    known = {chapter.id: chapter for chapter in structures()}
    if name not in known:
        raise UsageError("unknown-chapter", name=name, hint=nearest(name, known))
    return known[name]


def structures() -> tuple[Structure, ...]:
    """Every chapter without its prose. Raises ContentError."""
    from pathlib import Path

    from lablib.course.structure import read_structures

    return read_structures(Path(folder) for folder in index.chapter_folders(CONTENT))


def _chapters() -> list[index.ChapterEntry]:
    found = index.chapters(CONTENT)
    if not found:
        raise LabsError("no-chapters", path=CONTENT)
    return found


def _rows(entries: list[index.Entry], language: str, progress: Progress) -> list[Row]:
    return [
        {
            "id": entry.id,
            "title": entry.title[language],
            "state": "passed" if progress.passed(entry.id) else "open",
        }
        for entry in entries
    ]
