"""What chapter.toml says: the structure of a chapter, once for every language. No prose is read here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lablib.course.model import Step, Task, Text
from lablib.course.source import broken, read_text
from lablib.course.table import Table
from lablib.parameters import Declared, Values, defaults

FILE = "chapter.toml"
_CHAPTER_KEYS = frozenset({"id", "title", "packages", "task", "question", "step"})
_TASK_KEYS = frozenset({"id", "title", "points", "needs", "scene", "files", "parameters"})
_QUESTION_KEYS = frozenset({"id", "title", "points", "answer", "experiment"})
_STEP_KEYS = frozenset({"status", "shows", "varies", "scene", "inside", "seconds", "needs"})
_HEADER = re.compile(r"""\s*\[\[?\s*(?P<name>(task|question)(?=\s*\]\])|step\s*\.\s*["']?[^"'\]\s]+)["']?\s*\]""")


@dataclass(frozen=True)
class _Entry:
    """What a task and a question have in common. `id` is `chapter/name`, `line` where it begins."""

    id: str
    title: Text
    points: int
    table: Table

    @property
    def name(self) -> str:
        """The id without the chapter's."""
        return self.id.partition("/")[2]

    @property
    def line(self) -> int:
        return self.table.first


@dataclass(frozen=True)
class TaskStructure(_Entry):
    """A task as chapter.toml has it."""

    needs: tuple[str, ...]
    scene: Path | None
    """The one it names, or the one called as it is."""
    files: tuple[str, ...]
    parameters: Declared


@dataclass(frozen=True)
class QuestionStructure(_Entry):
    """A question as chapter.toml has it."""

    answer: int
    experiment: str


@dataclass(frozen=True)
class StepStructure:
    """How a step behaves, as chapter.toml has it; `model.Step` says what each part means."""

    id: str
    status: int
    shows: tuple[str, ...]
    varies: tuple[str, ...]
    scene: Path | None
    inside: str
    seconds: float
    needs: tuple[str, ...]
    table: Table


@dataclass(frozen=True)
class Structure:
    """A chapter as chapter.toml has it. `line` is that of its id."""

    id: str
    number: int
    title: Text
    packages: tuple[str, ...]
    tasks: tuple[TaskStructure, ...]
    questions: tuple[QuestionStructure, ...]
    steps: tuple[StepStructure, ...]
    """Those that have a table; the others behave as `model.Step` does by itself."""
    folder: Path
    line: int

    @property
    def file(self) -> Path:
        return self.folder / FILE


def bare_task(folder: Path, task: TaskStructure, values: Values | None = None) -> Task:
    """A task of the chapter in `folder` as far as grading needs it, without prose. `values` are those of its
    parameters, where they are not the course's own."""
    return Task(
        id=task.id,
        title=task.title,
        points=task.points,
        needs=task.needs,
        scene=task.scene,
        solutions=scripts(folder / "solutions" / task.name),
        files=task.files,
        declared=task.parameters,
        parameters=defaults(task.parameters) if values is None else values,
    )


def scripts(folder: Path) -> tuple[Path, ...]:
    """The files in `folder`, by name, but not hidden ones; none where there is no folder."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")))


def read_structures(folders: Iterable[Path]) -> tuple[Structure, ...]:
    """The chapters in `folders`. Raises ContentError, also where two of them have one id."""
    chapters: dict[str, Structure] = {}
    for folder in folders:
        chapter = read_structure(folder)
        if first := chapters.get(chapter.id):
            reason = f"the chapter id {chapter.id} is taken by {first.file}:{first.line}"
            raise broken(chapter.file, chapter.line, reason)
        chapters[chapter.id] = chapter
    return tuple(chapters.values())


def read_structure(folder: Path) -> Structure:
    """The chapter in `folder`, which is called `NN-name`. Raises ContentError."""
    path = folder / FILE
    number, _, name = folder.resolve().name.partition("-")
    if not (number.isascii() and number.isdigit()):
        raise broken(path, 1, f"the chapter's folder {folder.name} is not called NN-ID")
    text = read_text(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise broken(path, _toml_line(str(error), text), f"this is not TOML: {error}") from error
    lines = text.split("\n")
    headers = _headers(lines)
    table = Table(path, values, lines, 1, min(headers, default=len(lines) + 1))
    table.refuse_others(_CHAPTER_KEYS)
    chapter = table.id()
    if chapter != name:
        raise table.broken("id", f"the id is {chapter}, but the folder is called {folder.name}")
    title, packages = table.title(), table.texts("packages")
    tasks = tuple(_task(task, chapter, folder) for task in _array(table, "task", headers))
    questions = tuple(_question(question, chapter) for question in _array(table, "question", headers))
    _refuse_twins((*tasks, *questions))
    _refuse_twin_names(tasks)
    steps = tuple(_step(step, id, folder) for id, step in _steps(table, headers))
    return Structure(chapter, int(number), title, packages, tasks, questions, steps, folder, table.line("id"))


def _headers(lines: list[str]) -> Mapping[int, str]:
    """Where a table of a task, a question or a step begins: `task`, `question` or `step.ID` by line."""
    found = ((at, _HEADER.match(line)) for at, line in enumerate(lines, 1))
    return {at: re.sub(r"""[\s"']""", "", header["name"]) for at, header in found if header}


def _array(chapter: Table, kind: str, headers: Mapping[int, str]) -> Iterator[Table]:
    """The tables that are written as [[kind]]."""
    values = chapter.values.get(kind, [])
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise chapter.broken(kind, f"{kind}s are written as [[{kind}]]")
    starts = [at for at, name in headers.items() if name == kind]
    if len(starts) != len(values):  # written in another way
        starts = [chapter.line(kind)] * len(values)
    for value, start in zip(values, starts, strict=True):
        yield Table(chapter.path, value, chapter.lines, start, _end(chapter, start, headers))


def _steps(chapter: Table, headers: Mapping[int, str]) -> Iterator[tuple[str, Table]]:
    """The tables of steps, each with the step's id."""
    values = chapter.values.get("step", {})
    if not isinstance(values, dict) or not all(isinstance(value, dict) for value in values.values()):
        raise chapter.broken("step", "a step's table is written as [step.ID]")
    for id, value in values.items():
        start = next((at for at, name in headers.items() if name == f"step.{id}"), chapter.line("step"))
        yield id, Table(chapter.path, value, chapter.lines, start, _end(chapter, start, headers))


def _end(chapter: Table, start: int, headers: Mapping[int, str]) -> int:
    return min((at for at in headers if at > start), default=len(chapter.lines) + 1)


def _task(table: Table, chapter: str, folder: Path) -> TaskStructure:
    table.refuse_others(_TASK_KEYS)
    name = table.id()
    own = folder / "scenes" / f"{name}.sh"
    scene = _scene(table, folder) or (own if own.is_file() else None)
    id, title, points = f"{chapter}/{name}", table.title(), table.points()
    return TaskStructure(id, title, points, table, table.needs(), scene, table.files(), table.parameters())


def _question(table: Table, chapter: str) -> QuestionStructure:
    table.refuse_others(_QUESTION_KEYS)
    id, title, points = f"{chapter}/{table.id()}", table.title(), table.points()
    return QuestionStructure(id, title, points, table, table.answer(), table.text("experiment"))


def _refuse_twins(entries: Iterable[TaskStructure | QuestionStructure]) -> None:
    """Tasks and questions are called alike on the command line, and what was passed is kept by id."""
    lines: dict[str, int] = {}
    for entry in entries:
        if entry.id in lines:
            raise entry.table.broken("id", f"the id {entry.id} is taken in line {lines[entry.id]}")
        lines[entry.id] = entry.line


def _refuse_twin_names(tasks: Iterable[TaskStructure]) -> None:
    """A page names a parameter, and a submission a file, without its task."""
    for key in ("parameters", "files"):
        owners: dict[str, str] = {}
        for task in tasks:
            for name in getattr(task, key):
                if name in owners:
                    raise task.table.broken(key, f"{name} is taken by the task {owners[name]}")
                owners[name] = task.id
    names = {task.name: task for task in tasks}
    for task in tasks:
        for file in task.files:
            if names.get(file.partition(".")[0], task) is not task:
                raise task.table.broken("files", f"{file} would be a script of another task")


def _step(table: Table, id: str, folder: Path) -> StepStructure:
    table.refuse_others(_STEP_KEYS)
    return StepStructure(
        id,
        table.status(),
        table.patterns("shows"),
        table.patterns("varies"),
        _scene(table, folder),
        table.text("inside", ""),
        table.seconds(Step.seconds),
        table.needs(),
        table,
    )


def _scene(table: Table, folder: Path) -> Path | None:
    name = table.text("scene", "")
    if not name:
        return None
    scene = folder / "scenes" / f"{name}.sh"
    if "/" in name or not scene.is_file():
        raise table.broken("scene", f"there is no scene scenes/{name}.sh")
    return scene


def _toml_line(message: str, text: str) -> int:
    """The line a message of tomllib's names; the last one where it says `at end of document`."""
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else text.rstrip("\n").count("\n") + 1
