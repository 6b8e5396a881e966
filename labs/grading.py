"""`labs grade`: what many students handed in, each task in a fresh guest."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import checkers  # noqa: F401 - registers the checks
from lablib.errors import MachineError, UsageError
from lablib.grading.assignment import Assignment, assignment
from lablib.grading.cohort import grade_cohort
from lablib.grading.dispatch import Dispatch
from lablib.grading.ledger import Ledger, opened
from lablib.grading.local import LocalWorkers
from lablib.grading.results import APART, FILE, Mark, Marks, as_json, collect, save, to_text
from lablib.grading.script import SCRIPT_SECONDS
from lablib.grading.submissions import Submission, submissions
from lablib.i18n import CHECK_MESSAGES, Catalogue, catalogue
from lablib.kernel import landlock
from lablib.machine.probing import best
from lablib.text import one_line
from lablib.verdict import Verdict
from labs import course
from labs.arguments import Arguments, jobs, nearest, seconds
from labs.commands import VERSION
from labs.exits import ExitCode
from labs.gradeshow import shown
from labs.interrupts import end_as_by_ctrl_c


def run_grade(arguments: Arguments, language: str) -> int:
    words = catalogue(language)
    asked, folder = _asked(arguments), _folder(arguments)
    width, limit = jobs(arguments), seconds(arguments, SCRIPT_SECONDS)
    regraded = arguments.value("--regrade", "")
    if regraded and regraded not in asked.items:
        raise UsageError("unknown-task", name=regraded, hint=nearest(regraded, asked.items))
    cohort = submissions(map(Path, arguments.operands), asked)
    _need_machines(cohort)
    interrupted = False
    with ExitStack() as undo:
        ledger = undo.enter_context(opened(folder, VERSION, resume=bool(regraded) or arguments.has("--resume")))
        if regraded:
            ledger.regrade(regraded)
        try:
            end_as_by_ctrl_c()
            with shown(words, quiet=arguments.has("--json")) as watcher:
                grade_cohort(cohort, ledger, Dispatch(LocalWorkers(width)), watcher, limit)
        except KeyboardInterrupt:
            interrupted = True
        marks = _save(folder, cohort, asked, ledger, language, as_text=not arguments.has("--json"))
    if interrupted:
        if not arguments.has("--json"):
            print(words.text("grade.interrupted"))
        return ExitCode.INTERRUPTED
    return ExitCode.NOT_CHECKED if any(_apart(one) for one in marks) else ExitCode.PASS


def _asked(arguments: Arguments) -> Assignment:
    file = arguments.value("--course", "")
    return assignment(course.structures(), Path(file) if file else None)


def _folder(arguments: Arguments) -> Path:
    if not arguments.has("--out"):
        raise UsageError("missing-out")
    return Path(arguments.value("--out", ""))


def _need_machines(cohort: list[Submission]) -> None:
    """Raises MachineError where no guest could be had that grades: said once, and not as every student's error."""
    if any(piece.path and not piece.fault for one in cohort for piece in one.pieces.values()):
        kernel, probe = best()
        if not probe.boots:
            raise MachineError("kernel-dead", name=kernel.name, said=one_line(probe.said))
        if not landlock.abi():
            raise MachineError("no-landlock")


def _save(
    folder: Path, cohort: list[Submission], asked: Assignment, ledger: Ledger, language: str, *, as_text: bool
) -> list[Marks]:
    """Writes the reports, and prints what is in them."""
    marks = collect(cohort, asked, ledger.entries)
    value = as_json(marks, asked, VERSION, catalogue(language, CHECK_MESSAGES))
    save(folder, FILE, to_text(value))
    if as_text:
        print("\n".join(_summary(marks, folder, catalogue(language))))
    else:
        print(json.dumps(value, ensure_ascii=False))
    return marks


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


def _apart(marks: Marks) -> list[Mark]:
    return [mark for mark in marks.marks if mark.report.verdict in APART]
