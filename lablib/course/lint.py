"""What a parser accepts and a course must still not have: pages that differ, tasks without proof, stray files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from lablib.course.index import chapter_folders
from lablib.course.model import Step
from lablib.course.page import Mark, Page
from lablib.course.parser import load_course, read_pages
from lablib.course.quote import QuestionQuote, Quote, TaskQuote
from lablib.course.source import read_text
from lablib.course.structure import FILE, QuestionStructure, Structure, TaskStructure, read_structure, scripts
from lablib.language import LANGUAGES
from lablib.parameters import PLACEHOLDER

_PARTS = frozenset({FILE, "scenes", "solutions", "wrong", "recorded", *(f"{language}.md" for language in LANGUAGES)})


@dataclass(frozen=True)
class Problem:
    """Something to mend: `where` is `path:line`, `key` names the sentence `lint.KEY`, `params` fill it."""

    where: str
    key: str
    params: Mapping[str, str] = field(default_factory=dict)


def lint(content: Path) -> list[Problem]:
    """Everything to mend in `content`, chapter by chapter. Raises ContentError for what cannot even be parsed."""
    load_course(content)
    folders = [Path(folder) for folder in chapter_folders(str(content))]
    return [problem for folder in folders for problem in _chapter(folder)]


def _chapter(folder: Path) -> Iterator[Problem]:
    structure = read_structure(folder)
    values = {name: one.default for task in structure.tasks for name, one in task.parameters.items()}
    pages = read_pages(folder, values)
    yield from _titles(structure)
    first, *others = pages.values()
    for other in others:
        yield from _skeletons(first, other)
        yield from _steps(first, other)
        yield from _choices(first, other)
    for page in pages.values():
        yield from _texts(page)
        yield from _unshown(structure, page)
    yield from _proofs(structure)
    yield from _modes(structure)
    yield from _strays(structure)


def _titles(structure: Structure) -> Iterator[Problem]:
    entries: tuple[Structure | TaskStructure | QuestionStructure, ...]
    entries = (structure, *structure.tasks, *structure.questions)
    for entry in entries:
        for language, title in entry.title.items():
            if not title.strip():
                yield Problem(f"{structure.file}:{entry.line}", "empty-title", {"id": entry.id, "language": language})


def _skeletons(first: Page, other: Page) -> Iterator[Problem]:
    """Only the first difference: what follows it differs because of it."""
    for here, there in zip_longest(other.marks, first.marks):
        if _bone(here) != _bone(there):
            line = here.line if here else other.lines
            place = f"{first.path.name}:{there.line if there else first.lines}"
            params = {"here": _bone(here), "there": _bone(there), "other": place}
            yield Problem(f"{other.path}:{line}", "skeleton", params)
            return


def _bone(mark: Mark | None) -> str:
    return f"{mark.kind} {mark.name}" if mark else "-"


def _steps(first: Page, other: Page) -> Iterator[Problem]:
    theirs = {part.id: part for part in first.parts if isinstance(part, Step)}
    for step in other.parts:
        if isinstance(step, Step) and step.id in theirs:
            where = f"{other.path}:{_line(other, step.id)}"
            params = {"step": step.id, "other": f"{first.path.name}:{_line(first, step.id)}"}
            if (step.commands, step.ends) != (theirs[step.id].commands, theirs[step.id].ends):
                yield Problem(where, "commands", params)
            if step.recorded != theirs[step.id].recorded:
                yield Problem(where, "recorded", params)


def _line(page: Page, step: str) -> int:
    return next(mark.line for mark in page.marks if (mark.kind, mark.name) == ("step", step))


def _choices(first: Page, other: Page) -> Iterator[Problem]:
    theirs = {part.id: part for part in first.parts if isinstance(part, QuestionQuote)}
    for quote in other.parts:
        if isinstance(quote, QuestionQuote) and len(quote.choices) != len(theirs[quote.id].choices):
            params = {"question": quote.id, "other": f"{first.path.name}:{theirs[quote.id].line}"}
            yield Problem(f"{other.path}:{quote.line}", "choices", params)


def _texts(page: Page) -> Iterator[Problem]:
    texts: dict[str, Iterable[Quote]] = {
        "task": (part for part in page.parts if isinstance(part, TaskQuote)),
        "question": (part for part in page.parts if isinstance(part, QuestionQuote)),
        "hint": page.hints,
        "answer": page.answers,
    }
    for kind, quotes in texts.items():
        for quote in quotes:
            if not quote.body:
                yield Problem(f"{page.path}:{quote.line}", f"empty-{kind}", {"id": quote.id})


def _unshown(structure: Structure, page: Page) -> Iterator[Problem]:
    """A parameter that a page does not name: who reads it cannot know their value."""
    shown = {found["name"] for found in PLACEHOLDER.finditer(read_text(page.path))}
    for task in structure.tasks:
        for name in task.parameters:
            if name not in shown:
                params = {"parameter": name, "task": task.id}
                yield Problem(f"{page.path}:1", "unshown", params)


def _proofs(structure: Structure) -> Iterator[Problem]:
    for task in structure.tasks:
        for kind in ("solutions", "wrong"):
            if not scripts(structure.folder / kind / task.name):
                yield Problem(f"{structure.file}:{task.line}", f"no-{kind}", {"task": task.id})


def _modes(structure: Structure) -> Iterator[Problem]:
    """A script that cannot be executed here works in a machine, which is handed its content, and for no reader."""
    for task in structure.tasks:
        for kind in ("solutions", "wrong"):
            for path in scripts(structure.folder / kind / task.name):
                if not path.stat().st_mode & 0o100:
                    yield Problem(f"{path}:1", "not-executable", {"name": path.name})


def _strays(structure: Structure) -> Iterator[Problem]:
    """Files that nothing reads: most often a task that was renamed, or a step's scene."""
    tasks = {task.name for task in structure.tasks}
    folder = structure.folder
    known = {folder / name for name in _PARTS}
    known |= {task.scene for task in structure.tasks if task.scene is not None}
    known |= {step.scene for step in structure.steps if step.scene is not None}
    known |= {folder / kind / task for kind in ("solutions", "wrong") for task in tasks}
    for place in (folder, folder / "scenes", folder / "solutions", folder / "wrong"):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if path not in known:
                yield Problem(f"{path}:1", "stray", {"name": str(path.relative_to(folder))})
