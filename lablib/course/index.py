"""Chapters and tasks by name, for `labs list`: what chapter.toml says, no prose.

`labs list` is to take no longer than twice an empty Python, so this module imports hardly more than `os` at first, and
what was read is kept in `$XDG_CACHE_HOME/container-labs/course.json` (XDG Base Directory). The cache is not needed
for anything: one that is stale, broken or cannot be written is not used.
"""

from __future__ import annotations

import os

from lablib.language import LANGUAGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
FILE = "chapter.toml"


class TaskEntry:
    """A task's name: its id `chapter/task`, its title by language."""

    __slots__ = ("id", "title")

    def __init__(self, id: str, title: dict[str, str]) -> None:
        self.id = id
        self.title = title


class ChapterEntry:
    """A chapter's name and its tasks, in order."""

    __slots__ = ("id", "number", "tasks", "title")

    def __init__(self, id: str, number: int, title: dict[str, str], tasks: list[TaskEntry]) -> None:
        self.id = id
        self.number = number
        self.title = title
        self.tasks = tasks


def chapters(content: str) -> list[ChapterEntry]:
    """The chapters in the folder `content`, by number; none where there is no such folder. Raises ContentError."""
    files = [f"{folder}/{FILE}" for folder in chapter_folders(os.path.abspath(content))]
    state = [[path, *_stamp(path)] for path in files]
    values = _cached(state)
    if values is None:
        values = _parsed(files)
        _keep(state, values)
    return [_entry(value) for value in values]


def cache_file() -> str:
    """Where the cache is. A relative XDG_CACHE_HOME is to be ignored, says the specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not base.startswith("/"):
        base = os.path.expanduser("~/.cache")
    return f"{base}/container-labs/course.json"


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


def _stamp(path: str) -> tuple[int, int]:
    """What changes when the file does: modification time in ns, and size. Zeros where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def _cached(state: list[list[Any]]) -> list[Any] | None:
    """What was kept for exactly this `state` of the files."""
    try:
        with open(cache_file(), "rb") as file:
            raw = file.read()
    except OSError:
        return None
    import json

    try:
        kept = json.loads(raw)
        if kept["version"] != VERSION or kept["state"] != state:
            return None
        values: list[Any] = kept["chapters"]
        for value in values:
            _entry(value)
        return values
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _keep(state: list[list[Any]], values: list[Any]) -> None:
    import json

    path = cache_file()
    new = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        try:
            with open(new, "w", encoding="utf-8") as file:
                json.dump({"version": VERSION, "state": state, "chapters": values}, file)
            os.rename(new, path)
        except OSError:
            os.unlink(new)
    except OSError:
        pass  # without a cache the next run only takes longer


def _entry(value: Any) -> ChapterEntry:
    """Raises KeyError or TypeError for what is no chapter."""
    tasks = [TaskEntry(task["id"], _title(task["title"])) for task in value["tasks"]]
    return ChapterEntry(value["id"], value["number"], _title(value["title"]), tasks)


def _title(value: Any) -> dict[str, str]:
    title = {language: value[language] for language in LANGUAGES}
    if not all(isinstance(text, str) for text in title.values()):
        raise TypeError("a title is text")
    return title


def _parsed(files: list[str]) -> list[Any]:
    """From the files themselves, with all that the parser has to say about them."""
    from pathlib import Path

    from lablib.course.structure import read_structures

    return [
        {
            "id": chapter.id,
            "number": chapter.number,
            "title": dict(chapter.title),
            "tasks": [{"id": task.id, "title": dict(task.title)} for task in chapter.tasks],
        }
        for chapter in read_structures(Path(file).parent for file in files)
    ]
