"""`labs submit`: gathers what a student did in a chapter, replays it in fresh machines, makes the bundle to hand in."""

from __future__ import annotations

import getpass
import json
from dataclasses import replace
from pathlib import Path

from lablib.course.structure import Structure
from lablib.errors import LabsError, UsageError
from lablib.grading.assignment import assignment
from lablib.grading.bundle import SUFFIX, make_bundle
from lablib.grading.cohort import jobs
from lablib.grading.handing_in import add_missing, gathered
from lablib.grading.job import grade, unpack
from lablib.grading.ledger import Entry
from lablib.grading.report import MARKS
from lablib.grading.results import Mark, collect
from lablib.grading.script import SCRIPT_SECONDS
from lablib.grading.submissions import ANSWERS, Folder, Submission, gather, read_submission
from lablib.i18n import CHECK_MESSAGES, Catalogue, catalogue
from lablib.machine.choose import guest_release
from lablib.progress import Progress
from lablib.state import replace as replace_file
from lablib.student import canonical, is_student, kept_student
from lablib.verdict import Verdict
from labs import course
from labs.arguments import Arguments
from labs.commands import VERSION
from labs.exits import ExitCode


def run_submit(arguments: Arguments, language: str) -> int:
    words, checks = catalogue(language), catalogue(language, CHECK_MESSAGES)
    chapter, student = course.structure(arguments.operands[0]), _student(arguments)
    as_json = arguments.has("--json")
    folder = Path(f"{chapter.id}-{student}")
    asked = replace(assignment([chapter]), own=course.own(chapter))
    there = gather(folder.name, student, Folder(folder), asked).pieces
    put = add_missing(folder, gathered(chapter, Progress().passed, there))
    submission = read_submission(folder, asked)
    if not submission.pieces:
        raise LabsError("nothing-to-submit", chapter=chapter.id, folder=str(folder))
    entries = {}
    for job in jobs([submission], SCRIPT_SECONDS):
        (answer,) = json.loads(grade(json.dumps([job.as_json()])))
        report = unpack(answer)
        entries[job.key] = Entry(job.digest, report, report.score)
        if not as_json:
            print(f"{MARKS[report.verdict]} {job.item}  {report.seconds:.1f} s", flush=True)
    (marks,) = collect([submission], asked, entries)
    bundle = folder.with_name(f"{folder.name}{SUFFIX}")
    _write(bundle, chapter, student, submission, marks.marks)
    if as_json:
        tasks = [mark.report.as_json(checks) for mark in marks.marks]
        value = {"bundle": str(bundle), "folder": str(folder), "student": student, "gathered": put, "tasks": tasks}
        print(json.dumps(value, ensure_ascii=False))
    else:
        print("\n".join(_failures(marks.marks, checks, words)))
        print(words.text("submit.done", bundle=str(bundle), folder=str(folder)))
    return _status({mark.report.verdict for mark in marks.marks})


def _student(arguments: Arguments) -> str:
    known = kept_student()
    name = arguments.value("--student", "") or (known.id if known else getpass.getuser())
    if not is_student(name):
        raise UsageError("student-name", name=name)
    if known and canonical(name) != canonical(known.id):
        raise UsageError("another-student", name=name, id=known.id)
    return name


def _failures(marks: tuple[Mark, ...], checks: Catalogue, words: Catalogue) -> list[str]:
    lines = [""]
    for mark in marks:
        if mark.report.verdict is not Verdict.PASS:
            lines += [mark.item.id, *(f"  {line}" for line in mark.report.lines(checks, words)), ""]
    return lines


def _write(bundle: Path, chapter: Structure, student: str, submission: Submission, marks: tuple[Mark, ...]) -> None:
    """Raises LabsError."""
    files = {}
    for piece in submission.pieces.values():
        if piece.path and not piece.fault:
            files[piece.path] = submission.content(piece)
    if ANSWERS in submission.source.names(""):
        files[ANSWERS] = submission.source.read(ANSWERS, 1 << 20)
    facts = {
        "student": student,
        "chapter": chapter.id,
        "labs": VERSION,
        "kernel": guest_release(),
        "replay": {mark.item.id: str(mark.report.verdict) for mark in marks},
    }
    try:
        replace_file(str(bundle.absolute()), make_bundle(files, facts))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or str(error)
        raise LabsError("not-handed-in", path=str(bundle), reason=reason) from error


def _status(verdicts: set[Verdict]) -> int:
    if verdicts == {Verdict.PASS}:
        return ExitCode.PASS
    return ExitCode.FAIL if Verdict.FAIL in verdicts else ExitCode.NOT_CHECKED
