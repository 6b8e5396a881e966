"""What was handed in, read without trusting it: sizes, names and numbers are bounded, no link leads out, nothing that
waits is opened.

    STUDENT/CHAPTER/TASK.EXT     a script; any extension, or none
    STUDENT/CHAPTER/FILE         a file of ~/lab that a task asks for, in place of a script; or TASK.EXT with its .EXT
    STUDENT/answers.toml         [CHAPTER] and below it QUESTION = N
    CHAPTER-STUDENT.zip          the same as a bundle (`bundle.py`)
"""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from lablib.errors import UsageError
from lablib.grading import bundle
from lablib.grading.assignment import Assignment, flat
from lablib.grading.script import MAX_SCRIPT
from lablib.kernel.inside import Inside
from lablib.parameters import Values
from lablib.text import one_line

ANSWERS = "answers.toml"
MAX_ANSWERS = 16 << 10
"""Bytes of the answers."""
MAX_LINE = 200
"""Bytes of a line of them: tomllib takes long for what nests deep."""
MAX_UNREAD = 50
"""Names that a submission tells of what nothing reads."""
MAX_SUBMISSIONS = 100_000
_SCRIPT = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)(\.[A-Za-z0-9]+)?")


class Source(Protocol):
    """The files that somebody handed in, by paths such as `cgroups/memory-only.sh`."""

    def names(self, folder: str) -> list[str]:
        """What is in `folder`, sorted; the source itself is "". Empty where there is no such folder."""

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of a file. Raises OSError where it is none that may be read."""


@dataclass(frozen=True)
class Folder:
    """A source that is a folder of this machine."""

    path: Path

    def names(self, folder: str) -> list[str]:
        try:
            return Inside(self.path).names(f"/{folder}")
        except OSError:
            return []

    def read(self, path: str, limit: int) -> bytes:
        return Inside(self.path).read(f"/{path}", limit)


@dataclass(frozen=True)
class Piece:
    """What a submission has for one task or question: a script, or an answer as a number."""

    item: str
    path: str = ""
    """Where in the source the script or the file is."""
    file: str = ""
    """What of `~/lab` it is to be; empty for a script."""
    answer: int | None = None
    fault: str = ""
    """Why it cannot be graded, `grading.FAULT` of the checkers' messages; empty where it can."""
    said: str = ""
    """What there is in place of what should be."""
    parameters: Values = field(default_factory=dict)
    """Of the task, as they are for this student."""


@dataclass(frozen=True)
class Submission:
    """One student's work. `name` is the folder's or bundle's, made printable."""

    name: str
    student: str
    source: Source
    pieces: Mapping[str, Piece]
    """By the id of the task or question."""
    unread: tuple[str, ...] = ()
    """Names of files that nothing reads, made printable."""
    fault: str = ""
    """Why nothing of it can be read; empty where it can."""

    def content(self, piece: Piece) -> bytes:
        """A script, or an answer as digits. Raises OSError, also for what is too large (EFBIG)."""
        if piece.answer is not None:
            return str(piece.answer).encode()
        script = self.source.read(piece.path, MAX_SCRIPT + 1)
        if len(script) > MAX_SCRIPT:
            raise OSError(errno.EFBIG, "larger than a script may be", piece.path)
        return script


def submissions(paths: Iterable[Path], assignment: Assignment) -> list[Submission]:
    """Everything in `paths`, each of which is a submission or a folder of them, by name. Raises UsageError where there
    is nothing, or two of one name: then one student's work could stand for another's."""
    found: dict[str, Submission] = {}
    for path in _each(list(paths), assignment):
        one = read_submission(path, assignment)
        if one.name in found:
            raise UsageError("twice-submitted", name=one.name, path=str(path))
        found[one.name] = one
        if len(found) > MAX_SUBMISSIONS:
            raise UsageError("too-many-submissions", limit=MAX_SUBMISSIONS)
    if not found:
        raise UsageError("no-submissions")
    return [found[name] for name in sorted(found, key=_by_numbers)]


def _by_numbers(name: str) -> list[tuple[bool, int, str]]:
    """Orders s2 before s10."""
    parts = re.split(r"([0-9]{1,18})", name)  # texts and numbers in turn
    return [(bool(at % 2), int(part) if at % 2 else 0, part) for at, part in enumerate(parts)]


def read_submission(path: Path, assignment: Assignment) -> Submission:
    """The submission that the folder or bundle `path` is. Whose a bundle is, its name says and not its content."""
    if path.is_dir():
        name = one_line(path.resolve().name)
        return gather(name, _student(name, assignment), Folder(path), assignment)
    name = one_line(path.name.removesuffix(bundle.SUFFIX))
    student = _student(name, assignment)
    if fault := bundle.fault(path):
        return Submission(name, student, bundle.Bundle(path), {}, fault=one_line(fault))
    return gather(name, student, bundle.Bundle(path), assignment)


def _student(name: str, assignment: Assignment) -> str:
    """Whose a folder or bundle of this name is: `labs submit` puts the chapter before it."""
    return next((rest for one in assignment.chapters if (rest := name.removeprefix(f"{one}-")) != name), "") or name


def gather(name: str, student: str, source: Source, assignment: Assignment) -> Submission:
    """What `source` has for the tasks and questions of the course."""
    pieces: dict[str, Piece] = {}
    unread: list[str] = []
    for top in source.names(""):
        if top == ANSWERS:
            pieces |= _answers(source, assignment)
        elif top in assignment.chapters:
            for piece, file in _scripts(source, top, assignment):
                if piece is None:
                    unread.append(file)
                else:
                    first = pieces.get(piece.item)
                    pieces[piece.item] = _chosen(first, piece, assignment) if first else piece
        elif top != bundle.MANIFEST and (not top.startswith(".") or "/" in top):
            unread.append(top)
    pieces = {id: replace(piece, parameters=assignment.values(student, id)) for id, piece in pieces.items()}
    return Submission(name, student, source, pieces, tuple(one_line(one[:MAX_LINE]) for one in unread[:MAX_UNREAD]))


def _scripts(source: Source, chapter: str, assignment: Assignment) -> Iterator[tuple[Piece | None, str]]:
    """The scripts and files in the folder of a chapter; no piece for what is neither."""
    of_chapter = [item for item in assignment.items.values() if item.id.startswith(f"{chapter}/")]
    files = {file: item for item in of_chapter for file in item.files}
    for name in source.names(chapter):
        path = f"{chapter}/{name}"
        match = _SCRIPT.fullmatch(name)
        item = files.get(name) or (assignment.items.get(f"{chapter}/{match[1]}") if match else None)
        if item is not None and not item.is_question:
            ending = match[2] if match else None
            alike = (file for file in item.files if file == name or (ending and file.endswith(ending)))
            yield Piece(item.id, path, file=next(alike, "")), path
        elif not name.startswith("."):
            yield None, path


def _chosen(one: Piece, other: Piece, assignment: Assignment) -> Piece:
    """Which of two for one task counts. Of its files it is the first in the task's order, as in `~/lab` itself."""
    files = assignment.items[one.item].files
    if one.file and other.file and one.file != other.file and not one.fault:
        return min(one, other, key=lambda piece: files.index(piece.file))
    return Piece(one.item, other.path, fault="two-scripts", said=f"{one.path}, {other.path}")


def _answers(source: Source, assignment: Assignment) -> dict[str, Piece]:
    """The answers, or for every question that nobody can read them."""
    questions = [item.id for item in assignment.items.values() if item.is_question]
    try:
        content = source.read(ANSWERS, MAX_ANSWERS + 1)
        if len(content) > MAX_ANSWERS or any(len(line) > MAX_LINE for line in content.split(b"\n")):
            raise ValueError("too large")
        answers = dict(flat(tomllib.loads(content.decode())))
    except (OSError, ValueError, RecursionError) as error:
        return {id: Piece(id, fault="no-answers", said=one_line(str(error))[:MAX_LINE]) for id in questions}
    pieces = {}
    for id in questions:
        if id in answers:
            value = answers[id]
            good = type(value) is int and 0 < value < 1000
            said = "" if good else one_line(repr(value))[:MAX_LINE]
            pieces[id] = Piece(id, answer=value) if good else Piece(id, fault="no-number", said=said)
    return pieces


def _each(paths: list[Path], assignment: Assignment) -> Iterator[Path]:
    """The folders and bundles that are a submission. A folder given holds submissions, unless it is one itself; where
    one of several is, all are: what a student put into theirs must not make it look like a folder of others."""
    for path in paths:
        if not path.exists():
            raise UsageError("no-such-path", path=str(path))
    alone = any(_is_submission(path, assignment) and not _holds_submissions(path, assignment) for path in paths)
    for path in paths:
        if alone or path.is_file():
            yield path
        else:
            yield from _inside(path)


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _is_handed_in(path))
    except OSError as error:
        raise UsageError("path-unreadable", path=str(folder), reason=error.strerror or str(error)) from error


def _is_handed_in(path: Path) -> bool:
    if path.name.startswith(".") or path.is_symlink():
        return False
    return path.is_dir() or (path.is_file() and path.name.endswith(bundle.SUFFIX))


def _is_submission(path: Path, assignment: Assignment) -> bool:
    if not path.is_dir():
        return False
    names = Folder(path).names("")
    return ANSWERS in names or any(name in assignment.chapters for name in names)


def _holds_submissions(path: Path, assignment: Assignment) -> bool:
    return path.is_dir() and any(child.is_file() or _is_submission(child, assignment) for child in _inside(path))
