"""One thing to grade as a worker gets it, and what it answers: both are JSON, nothing else goes between machines.

Grading the same again changes nothing anywhere, so a job may be given twice.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import checkers  # noqa: F401 - registers the checks
from lablib.course.index import chapter_folders
from lablib.course.structure import Structure, bare_task, read_structures
from lablib.errors import LabsError
from lablib.grading.processor import one_processor
from lablib.grading.question import check_answer, experiment
from lablib.grading.report import Report
from lablib.grading.script import SCRIPT_SECONDS, check_script
from lablib.kernel import landlock
from lablib.machine.ahead import Ahead
from lablib.machine.base import Machine
from lablib.machine.choose import guest_factory
from lablib.machine.probing import best
from lablib.parameters import Values, accepted
from lablib.verdict import Result, Verdict

CONTENT = Path(__file__).parents[2] / "content"
"""The course of whoever grades: a worker has its own."""
NO_MACHINE = "none"
QUARANTINED = "grading.quarantined"
"""The key of a result that says that a job ended its workers."""


@dataclass(frozen=True)
class Job:
    """What one submission has for one task or question. `key` names the submission and the item."""

    submission: str
    item: str
    content: bytes
    seconds: float = SCRIPT_SECONDS
    parameters: Values = field(default_factory=dict, hash=False)
    """Of the task, as they are for whose it is."""
    file: str = ""
    """What of `~/lab` the content is to be; empty for a script."""

    @property
    def key(self) -> tuple[str, str]:
        return self.submission, self.item

    @property
    def digest(self) -> str:
        """The name of all that a verdict depends on: by other values the same content is another work."""
        more = [self.file, dict(self.parameters)] if self.file or self.parameters else None
        return digest((json.dumps(more, sort_keys=True).encode() + b"\0" if more else b"") + self.content)

    def as_json(self) -> dict[str, Any]:
        """What a worker needs of it: not whose it is."""
        return {
            "item": self.item,
            "content": base64.b64encode(self.content).decode("ascii"),
            "seconds": self.seconds,
            "parameters": dict(self.parameters),
            "file": self.file,
        }


def digest(content: bytes) -> str:
    """The name of a content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def grade(batch: str) -> str:
    """Grades jobs (a list of `Job.as_json`), and answers with a report (`pack`) for each: what a worker runs, JSON in
    and JSON out. Raises nothing that a job could cause."""
    with one_processor():
        return json.dumps([pack(_grade(job)) for job in json.loads(batch)])


def readiness() -> dict[str, str]:
    """Whether this worker can grade: `course` is what it would grade, `fault` why it cannot, empty where it can."""
    try:
        _, probe = best()
        fault = "" if landlock.abi() else "no Landlock"
        return {"course": course_digest(), "fault": fault if probe.boots else probe.said}
    except LabsError as error:
        return {"course": "", "fault": str(error)}


@cache
def course_digest() -> str:
    """The name of everything that a verdict depends on here: our code, the checks, the content but for its prose."""
    project = CONTENT.parent
    files = [file for part in ("lablib", "checkers") for file in (project / part).rglob("*.py")]
    files += [file for kind in ("chapter.toml", "scenes/*") for file in CONTENT.glob(f"*/{kind}") if file.is_file()]
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(f"{file.relative_to(project)}\0{digest(file.read_bytes())}\n".encode())
    return whole.hexdigest()


def _grade(job: Mapping[str, Any]) -> Report:
    item, content = str(job["item"]), base64.b64decode(job["content"])
    try:
        chapter = _structures()[item.partition("/")[0]]
        for question in chapter.questions:
            if question.id == item:
                return check_answer(item, question.answer, int(content), partial(_experiment, chapter.folder, item))
        told = next(task for task in chapter.tasks if task.id == item)
        task = bare_task(chapter.folder, told, accepted(told.parameters, job["parameters"]))
        if (file := job["file"]) and file not in task.files:
            raise ValueError(f"{file} is no file of {item}")
        return check_script(task, content, machines(), float(job["seconds"]), file=file)
    except LabsError as error:  # no machine, or broken content
        return failed(item, "grading.no-machine", str(error))
    except Exception as error:  # a fault of ours, which must not stop the others' grading
        return failed(item, "grading.fault", f"{type(error).__name__}: {error}")


def failed(item: str, key: str, said: str) -> Report:
    """The report on what could not be graded: never the student's loss."""
    result = Result("machine", Verdict.ERROR, key, actual=said[:500])
    return Report(item, Verdict.ERROR, (result,), NO_MACHINE, 0.0)


@cache
def machines() -> Callable[[], Machine]:
    """What this process grades in: the next guest boots while one is at work. Those that wait end with the process."""
    ahead = Ahead(guest_factory(), rest=0.0)
    ahead.begin()
    return ahead


@cache
def _structures() -> Mapping[str, Structure]:
    return {one.id: one for one in read_structures(Path(folder) for folder in chapter_folders(str(CONTENT)))}


@cache
def _experiment(folder: Path, question: str) -> str:
    """The commands that answer a question of the chapter in `folder`."""
    from lablib.course.parser import load_chapter

    chapter = load_chapter(folder)
    return experiment(chapter, next(one for one in chapter.questions if one.id == question)).commands


def pack(report: Report) -> dict[str, Any]:
    """A report without words: what `unpack` makes a report of again."""
    return {
        "item": report.task,
        "verdict": str(report.verdict),
        "score": report.score,
        "results": [result.as_json() for result in report.results],
        "machine": report.machine,
        "seconds": round(report.seconds, 3),
        "notes": list(report.notes),
        "transcript": report.transcript,
    }


def unpack(value: Mapping[str, Any]) -> Report:
    """Raises ValueError for anything but the form of `pack`."""
    try:
        return Report(
            str(value["item"]),
            Verdict(value["verdict"]),
            tuple(Result.from_json(result) for result in value["results"]),
            str(value["machine"]),
            float(value["seconds"]),
            tuple(map(str, value["notes"])),
            str(value["transcript"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a report: {error}") from error
