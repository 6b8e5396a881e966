"""The course from its folder: `content/NN-name/` with chapter.toml, a page in each language, and a task's scripts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lablib.course.index import chapter_folders
from lablib.course.model import Block, Chapter, Course, Task, TaskPlace, Wrong
from lablib.course.page import Page, TaskQuote, read_page
from lablib.course.source import broken, read_text
from lablib.course.structure import Structure, TaskStructure, read_structure, read_structures
from lablib.language import LANGUAGES

_FAILS = re.compile(r"# fails: (?P<check>\S+) (?P<key>\S+)\s*")


def load_course(content: Path) -> Course:
    """Every chapter in `content`, by number. Raises ContentError."""
    structures = read_structures(Path(folder) for folder in chapter_folders(str(content)))
    return Course(tuple(_chapter(structure) for structure in structures))


def load_chapter(folder: Path) -> Chapter:
    """The chapter in `folder`. Raises ContentError."""
    return _chapter(read_structure(folder))


def read_pages(folder: Path) -> Mapping[str, Page]:
    """The chapter's page in every language. Raises ContentError."""
    return {language: read_page(folder / f"{language}.md") for language in LANGUAGES}


def scripts(folder: Path) -> tuple[Path, ...]:
    """The files in `folder`, by name, but not hidden ones; none where there is no folder."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")))


def _chapter(structure: Structure) -> Chapter:
    pages = read_pages(structure.folder)
    for page in pages.values():
        _match(structure, page)
    tasks = {task.name: _task(structure.folder, task, pages) for task in structure.tasks}
    return Chapter(
        structure.id,
        structure.number,
        structure.title,
        structure.packages,
        tuple(tasks.values()),
        {language: _blocks(page, tasks) for language, page in pages.items()},
        structure.folder,
    )


def _match(structure: Structure, page: Page) -> None:
    """Refuses a page with other tasks than chapter.toml has."""
    known = {task.name for task in structure.tasks}
    for mark in page.marks:
        if mark.kind in ("task", "hint") and mark.name not in known:
            raise broken(page.path, mark.line, f"chapter.toml has no task {mark.name}")
    placed = {mark.name for mark in page.marks if mark.kind == "task"}
    for task in structure.tasks:
        if task.name not in placed:
            raise broken(structure.file, task.line, f"{page.path.name} has no [!TASK] {task.name}")


def _task(folder: Path, task: TaskStructure, pages: Mapping[str, Page]) -> Task:
    scene = folder / "scenes" / f"{task.name}.sh"
    return Task(
        id=task.id,
        title=task.title,
        points=task.points,
        needs=task.needs,
        scene=scene if scene.is_file() else None,
        body={language: _body(page, task.name) for language, page in pages.items()},
        hints={
            language: tuple(hint.body for hint in page.hints if hint.task == task.name)
            for language, page in pages.items()
        },
        solutions=scripts(folder / "solutions" / task.name),
        wrong=tuple(_wrong(path) for path in scripts(folder / "wrong" / task.name)),
    )


def _body(page: Page, task: str) -> str:
    return next(part.body for part in page.parts if isinstance(part, TaskQuote) and part.task == task)


def _blocks(page: Page, tasks: Mapping[str, Task]) -> tuple[Block, ...]:
    return tuple(TaskPlace(tasks[part.task]) if isinstance(part, TaskQuote) else part for part in page.parts)


def _wrong(script: Path) -> Wrong:
    """A wrong solution, by the `# fails:` among the comments it begins with."""
    for line in read_text(script).split("\n"):
        if not line.startswith("#"):
            break
        if header := _FAILS.fullmatch(line):
            return Wrong(script, header["check"], header["key"])
    raise broken(script, 1, "a wrong solution begins with a line `# fails: CHECK FAILURE-KEY`")
