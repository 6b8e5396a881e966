"""`labs grade`: what many students handed in, each task in a fresh guest."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import checkers  # noqa: F401 - registers the checks
from lablib.errors import LabsError, MachineError, UsageError
from lablib.grading.assignment import Assignment, assignment
from lablib.grading.cohort import grade_cohort
from lablib.grading.dispatch import Dispatch, Workers
from lablib.grading.formats import FORMATS, USUAL, carried, render
from lablib.grading.handing_out import hand_out
from lablib.grading.ledger import opened
from lablib.grading.local import LocalWorkers
from lablib.grading.results import APART, FILE, Mark, Marks, as_json, collect, save, to_text
from lablib.grading.script import SCRIPT_SECONDS
from lablib.grading.submissions import Submission, submissions
from lablib.i18n import CHECK_MESSAGES, Catalogue, catalogue
from lablib.kernel import landlock
from lablib.machine.choose import guest_release
from lablib.machine.probing import best
from lablib.text import one_line
from lablib.verdict import Verdict
from labs import course
from labs.arguments import Arguments, count, jobs, nearest, seconds
from labs.commands import VERSION
from labs.exits import ExitCode
from labs.gradeshow import shown
from labs.interrupts import end_as_by_ctrl_c

TLS = ("--tls-ca", "--tls-cert", "--tls-key")


def run_grade(arguments: Arguments, language: str) -> int:
    if arguments.has("--gradescope-image"):
        return _make_image(arguments, language)
    if arguments.has("--parameters"):
        return _hand_out(arguments, language)
    if not arguments.operands:
        raise UsageError("missing-operand", command="labs grade", operand="PATH")
    words, as_value = catalogue(language), arguments.has("--json")
    asked, folder, formats = _asked(arguments), _folder(arguments), _formats(arguments)
    regraded = arguments.value("--regrade", "")
    if regraded and regraded not in asked.items:
        raise UsageError("unknown-task", name=regraded, hint=nearest(regraded, asked.items))
    limit = seconds(arguments, SCRIPT_SECONDS)
    cohort = submissions(map(Path, arguments.operands), asked)
    dispatch = Dispatch(_workers(arguments, cohort))
    interrupted = False
    with opened(folder, VERSION, resume=bool(regraded) or arguments.has("--resume")) as ledger:
        if regraded:
            ledger.regrade(regraded)
        try:
            end_as_by_ctrl_c()
            with shown(words, quiet=as_value) as watcher:
                grade_cohort(cohort, ledger, dispatch, watcher, limit)
        except KeyboardInterrupt:
            interrupted = True
        marks = collect(cohort, asked, ledger.entries)
        value = as_json(marks, asked, VERSION, catalogue(language, CHECK_MESSAGES))
        _save(folder, value, formats, words)
    lines = (
        _summary(marks, folder, words)
        + _whose(value, words)
        + ([words.text("grade.interrupted")] if interrupted else [])
    )
    print(json.dumps(value, ensure_ascii=False) if as_value else "\n".join(lines))
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.NOT_CHECKED if any(_apart(one) for one in marks) else ExitCode.PASS


def _hand_out(arguments: Arguments, language: str) -> int:
    folder = Path(arguments.value("--parameters", ""))
    count = hand_out(folder, _asked(arguments), course.structures())
    print(catalogue(language).text("grade.handed-out", count=count, folder=str(folder)))
    return ExitCode.PASS


def _make_image(arguments: Arguments, language: str) -> int:
    from lablib.grading.gradescope_image import make_image

    if _asked(arguments).secret is not None:  # a course file that makes no sense is told here, and not by Gradescope
        raise LabsError("secret-in-image")
    path, course_file = Path(arguments.value("--gradescope-image", "")), arguments.value("--course", "")
    kernel, probe = best()
    make_image(
        path, Path(course.CONTENT).parent, kernel, probe.release, Path(course_file) if course_file else None, language
    )
    print(catalogue(language).text("grade.image", path=str(path)))
    return ExitCode.PASS


def _asked(arguments: Arguments) -> Assignment:
    file = arguments.value("--course", "")
    return assignment(course.structures(), Path(file) if file else None)


def _folder(arguments: Arguments) -> Path:
    if not arguments.has("--out"):
        raise UsageError("missing-out")
    return Path(arguments.value("--out", ""))


def _workers(arguments: Arguments, cohort: list[Submission]) -> Workers:
    """Who grades `cohort`. Raises UsageError, and LabsError where nobody can."""
    keys = [arguments.value(option, "") for option in TLS]
    if not arguments.has("--dask"):
        for option in (*TLS, "--batch"):
            if arguments.has(option):
                raise UsageError("needs-dask", option=option)
        width = jobs(arguments)
        _need_machines(cohort)
        return LocalWorkers(width)
    from lablib.grading.cluster import BATCH, Certificates, DaskWorkers

    if any(keys) and not all(keys):
        raise UsageError("needs-all-keys", options=", ".join(TLS))
    authority, certificate, key = map(Path, keys)
    certificates = Certificates(authority, certificate, key) if all(keys) else None
    return DaskWorkers(arguments.value("--dask", ""), certificates, count(arguments, "--batch", BATCH))


def _need_machines(cohort: list[Submission]) -> None:
    """Raises MachineError where no guest could be had that grades: said once, and not as every student's error."""
    if any(piece.path and not piece.fault for one in cohort for piece in one.pieces.values()):
        guest_release()
        if not landlock.abi():
            raise MachineError("no-landlock")


def _formats(arguments: Arguments) -> tuple[str, ...]:
    names = tuple(filter(None, arguments.value("--format", ",".join(USUAL)).split(",")))
    for name in names:
        if name not in FORMATS:
            raise UsageError("option-choice", option="--format", value=name, known=", ".join(FORMATS))
    return names


def _save(folder: Path, value: dict[str, Any], formats: tuple[str, ...], words: Catalogue) -> None:
    """Writes results.json and the other reports. Raises LabsError."""
    save(folder, FILE, to_text(value))
    for name in formats:
        for file, text in render(name, value, words).items():
            save(folder, file, text)


def _summary(marks: list[Marks], folder: Path, words: Catalogue) -> list[str]:
    lines = []
    for one in marks:
        if one.submission.fault:
            lines.append(words.text("grade.fault", submission=one.submission.name, reason=one.submission.fault))
        for mark in _apart(one):
            line = words.text(f"grade.apart-{mark.report.verdict}", submission=one.submission.name, task=mark.item.id)
            lines.append(f"{line} {one_line(mark.report.results[0].actual)}".rstrip())
    found = Counter(mark.report.verdict for one in marks for mark in one.marks)
    lines.append(
        words.text(
            "grade.summary",
            count=len(marks),
            good=found[Verdict.PASS],
            bad=found[Verdict.FAIL],
            apart=sum(found[verdict] for verdict in APART),
            folder=str(folder),
        )
    )
    return lines


def _whose(value: dict[str, Any], words: Catalogue) -> list[str]:
    """Who is not in the list of students, and what has something of another's."""
    lines = []
    for one in value["submissions"]:
        name = one["submission"]
        if not one["listed"]:
            lines.append(words.text("grade.unlisted", submission=name, student=one["student"]))
        for task in one["tasks"]:
            lines += [
                words.text("grade.carries", submission=name, task=task["task"], **carried(other, words))
                for other in task["carries"]
            ]
    return lines


def _apart(marks: Marks) -> list[Mark]:
    return [mark for mark in marks.marks if mark.report.verdict in APART]
