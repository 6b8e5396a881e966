"""What chapter.toml says: the structure of a chapter, once for every language. No prose is read here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lablib.course.model import Text
from lablib.course.source import broken, read_text
from lablib.language import LANGUAGES

FILE = "chapter.toml"
_CHAPTER_KEYS = frozenset({"id", "title", "packages", "task"})
_TASK_KEYS = frozenset({"id", "title", "points", "needs"})
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TASK_HEADER = re.compile(r"\s*\[\[\s*task\s*\]\]")


@dataclass(frozen=True)
class TaskStructure:
    """A task as chapter.toml has it. `id` is `chapter/task`, `line` where it begins."""

    id: str
    title: Text
    points: int
    needs: tuple[str, ...]
    line: int

    @property
    def name(self) -> str:
        """The task's id without its chapter's."""
        return self.id.partition("/")[2]


@dataclass(frozen=True)
class Structure:
    """A chapter as chapter.toml has it. `line` is that of its id."""

    id: str
    number: int
    title: Text
    packages: tuple[str, ...]
    tasks: tuple[TaskStructure, ...]
    folder: Path
    line: int

    @property
    def file(self) -> Path:
        return self.folder / FILE


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
    headers = [at for at, line in enumerate(lines, 1) if _TASK_HEADER.match(line)]
    table = _Table(path, values, lines, 1, min(headers, default=len(lines) + 1))
    table.refuse_others(_CHAPTER_KEYS)
    chapter = table.id()
    if chapter != name:
        raise broken(path, table.line("id"), f"the id is {chapter}, but the folder is called {folder.name}")
    title = table.title()
    packages = table.names("packages")
    return Structure(chapter, int(number), title, packages, _tasks(table, chapter, headers), folder, table.line("id"))


def _tasks(chapter: _Table, chapter_id: str, headers: list[int]) -> tuple[TaskStructure, ...]:
    values = chapter.values.get("task", [])
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise broken(chapter.path, chapter.line("task"), "tasks are written as [[task]]")
    starts = headers if len(headers) == len(values) else [chapter.line("task")] * len(values)
    ends = [*starts[1:], len(chapter.lines) + 1]
    tasks: dict[str, TaskStructure] = {}
    for value, start, end in zip(values, starts, ends, strict=True):
        table = _Table(chapter.path, value, chapter.lines, start, end)
        table.refuse_others(_TASK_KEYS)
        name = f"{chapter_id}/{table.id()}"
        if first := tasks.get(name):
            raise broken(table.path, table.line("id"), f"the task id {name} is taken in line {first.line}")
        tasks[name] = TaskStructure(name, table.title(), table.points(), table.names("needs"), start)
    return tuple(tasks.values())


@dataclass(frozen=True)
class _Table:
    """A table of chapter.toml and the lines it is in, from `first` to before `end`."""

    path: Path
    values: Mapping[str, Any]
    lines: list[str]
    first: int
    end: int

    def line(self, key: str) -> int:
        """Where `key` is set, or else the table begins. tomllib does not say, so the text is searched: first this
        table's own lines, then those of every header, since `[key]` may follow the tasks."""
        name = rf"""["']?{re.escape(key)}["']?\s*"""
        own = re.compile(rf"\s*(\[\s*task\s*\.\s*)?{name}[].=]")
        header = re.compile(rf"\s*\[+\s*{name}[].]")
        for pattern, places in ((own, range(self.first, self.end)), (header, range(1, len(self.lines) + 1))):
            for at in places:
                if pattern.match(self.lines[at - 1]):
                    return at
        return self.first

    def refuse_others(self, known: frozenset[str]) -> None:
        for key in self.values:
            if key not in known:
                reason = f"the key {key} is unknown; known are {', '.join(sorted(known))}"
                raise broken(self.path, self.line(key), reason)

    def get(self, key: str) -> Any:
        if key not in self.values:
            raise broken(self.path, self.first, f"the key {key} is missing")
        return self.values[key]

    def id(self) -> str:
        value = self.get("id")
        if not isinstance(value, str) or not _ID.fullmatch(value):
            reason = "an id is text of lower-case letters and digits, in words joined by -"
            raise broken(self.path, self.line("id"), reason)
        return value

    def title(self) -> Text:
        value, line = self.get("title"), self.line("title")
        if not isinstance(value, dict):
            raise broken(self.path, line, "a title is a table with one text for each language")
        for language in LANGUAGES:
            if language not in value:
                raise broken(self.path, line, f"the title has no text for {language}")
        for language, text in value.items():
            if language not in LANGUAGES:
                raise broken(self.path, line, f"the title's language {language} is unknown")
            if not isinstance(text, str):
                raise broken(self.path, line, f"the title for {language} is not text")
        return {language: value[language] for language in LANGUAGES}

    def points(self) -> int:
        value = self.get("points")
        if type(value) is not int or value <= 0:  # a bool is an int too
            raise broken(self.path, self.line("points"), "points are a whole number above 0")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise broken(self.path, self.line(key), f"{key} is a list of texts")
        return tuple(value)


def _toml_line(message: str, text: str) -> int:
    """The line a message of tomllib's names; the last one where it says `at end of document`."""
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else text.rstrip("\n").count("\n") + 1
