"""Chapters, tasks and questions by name, for `labs list`: what chapter.toml says, no prose.

`labs list` is to take no longer than twice an empty Python, so this module imports hardly more than `os`, and what was
read is kept in `$XDG_CACHE_HOME/container-labs/course` (XDG Base Directory). The cache is not needed for anything: one
that is stale, broken or cannot be written is not used. It has lines of fields between tabs, since to import `json`
takes two thirds of an empty Python's time:

    VERSION                       then a line for each file: its path, modification time and size
    id, number, title, title      a chapter; titles in the order of LANGUAGES
    , id, title, title            a task of that chapter
    ?, id, title, title           a question of it
    end
"""

from __future__ import annotations

import os

from lablib.language import LANGUAGES
from lablib.state import cache_folder

VERSION = 3
END = "end"
FILE = "chapter.toml"
TASK, QUESTION = "", "?"
"""What a row of the cache begins with; no chapter's id can be that."""


class Entry:
    """A task's or a question's name: its id `chapter/name`, its title by language."""

    __slots__ = ("id", "title")

    def __init__(self, id: str, title: dict[str, str]) -> None:
        self.id = id
        self.title = title


class ChapterEntry:
    """A chapter's name, its tasks and its questions, in order."""

    __slots__ = ("id", "number", "questions", "tasks", "title")

    def __init__(self, id: str, number: int, title: dict[str, str], tasks: list[Entry], questions: list[Entry]) -> None:
        self.id = id
        self.number = number
        self.title = title
        self.tasks = tasks
        self.questions = questions


def chapters(content: str) -> list[ChapterEntry]:
    """The chapters in the folder `content`, by number; none where there is no such folder. Raises ContentError."""
    files = [f"{folder}/{FILE}" for folder in chapter_folders(os.path.abspath(content))]
    head = "\n".join([str(VERSION), *map(_stamp, files)]) + "\n"
    found = _cached(head)
    if found is None:
        found = _parsed(files)
        _keep(head, found)
    return found


def cache_file() -> str:
    return f"{cache_folder()}/course"


def chapter_folders(content: str) -> list[str]:
    """The folders of `content` that are called `NN-name`, by number; none where there is no such folder. Raises
    ContentError where it cannot be read."""
    try:
        names = os.listdir(content)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        from pathlib import Path

        from lablib.course.source import broken

        raise broken(Path(content), 1, f"the folder cannot be read: {error.strerror}") from error
    return [f"{content}/{name}" for name in sorted(names) if _is_chapter(name)]


def _is_chapter(name: str) -> bool:
    number, dash, rest = name.partition("-")
    return bool(len(number) == 2 and number.isascii() and number.isdigit() and dash and rest)


def _stamp(path: str) -> str:
    """What changes when the file does."""
    try:
        status = os.stat(path)
    except OSError:
        return path
    return f"{path}\t{status.st_mtime_ns}\t{status.st_size}"


def _cached(head: str) -> list[ChapterEntry] | None:
    """What was kept for files as `head` says they are."""
    try:
        with open(cache_file(), encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            text = file.read()
    except OSError:
        return None
    if not text.startswith(head):
        return None
    found: list[ChapterEntry] = []
    try:
        *lines, end = text[len(head) :].split("\n")
        for line in lines:
            kind, name, *titles = line.split("\t")
            title = dict(zip(LANGUAGES, titles, strict=True))
            if kind == TASK:
                found[-1].tasks.append(Entry(name, title))
            elif kind == QUESTION:
                found[-1].questions.append(Entry(name, title))
            else:
                found.append(ChapterEntry(kind, int(name), title, [], []))
    except (ValueError, IndexError):
        return None
    return found if end == END else None


def _keep(head: str, found: list[ChapterEntry]) -> None:
    rows = []
    for chapter in found:
        rows.append([chapter.id, str(chapter.number), *_titles(chapter)])
        rows += [[TASK, task.id, *_titles(task)] for task in chapter.tasks]
        rows += [[QUESTION, question.id, *_titles(question)] for question in chapter.questions]
    if any(not field.isprintable() for row in rows for field in row):
        return  # a title with a tab or a newline in it
    path = cache_file()
    new = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        try:
            with open(new, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                file.write(head + "".join("\t".join(row) + "\n" for row in rows) + END)
            os.rename(new, path)
        except OSError:
            os.unlink(new)
    except OSError:
        pass  # without a cache the next run only takes longer


def _titles(entry: ChapterEntry | Entry) -> list[str]:
    return [entry.title[language] for language in LANGUAGES]


def _parsed(files: list[str]) -> list[ChapterEntry]:
    """From the files themselves, with all that the parser has to say about them."""
    from pathlib import Path

    from lablib.course.structure import read_structures

    return [
        ChapterEntry(
            chapter.id,
            chapter.number,
            dict(chapter.title),
            [Entry(task.id, dict(task.title)) for task in chapter.tasks],
            [Entry(question.id, dict(question.title)) for question in chapter.questions],
        )
        for chapter in read_structures(Path(file).parent for file in files)
    ]
