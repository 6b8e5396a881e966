"""What grading found, for those who read marks: `results.json` (its form is `results.schema.json`), from which every
other report is made. A score is what was earned of what there was to earn, from 0 to 1; None where nothing can be said,
which costs nobody points."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lablib.errors import LabsError
from lablib.grading.assignment import Assignment, Item
from lablib.grading.carried import Carried, Others
from lablib.grading.job import NO_MACHINE
from lablib.grading.ledger import Entry
from lablib.grading.report import Report, described
from lablib.grading.submissions import Piece, Submission
from lablib.i18n import Catalogue
from lablib.parameters import Values
from lablib.state import replace
from lablib.text import printable
from lablib.verdict import Result, Verdict

FILE = "results.json"
SCHEMA = Path(__file__).with_name("results.schema.json")
VERSION = 1
APART = (Verdict.ERROR, Verdict.BLOCKED)
"""Verdicts that say nothing of the work."""


@dataclass(frozen=True)
class Mark:
    """How one task or question of a submission came out."""

    item: Item
    report: Report
    score: float | None
    tries: int = 0
    """How often it was graded; 0 where there was nothing that could be."""
    content: str = ""
    """The digest of what was graded."""
    before: tuple[tuple[Verdict, float | None], ...] = ()
    """Verdicts and scores from before it was graded anew, oldest first."""
    parameters: Values = field(default_factory=dict)
    """By which it was judged."""
    carried: tuple[Carried, ...] = ()
    """What it has of other students' parameters."""

    @property
    def points(self) -> float | None:
        return None if self.score is None else self.score * self.item.points


@dataclass(frozen=True)
class Marks:
    """Everything of one submission that counts, in the order of the course."""

    submission: Submission
    marks: tuple[Mark, ...]

    @property
    def points(self) -> float:
        return sum(mark.points or 0.0 for mark in self.marks)

    @property
    def most(self) -> float:
        """The points of all that could be graded."""
        return sum(mark.item.points for mark in self.marks if mark.score is not None)

    @property
    def score(self) -> float | None:
        return self.points / self.most if self.most else None


Entries = Mapping[tuple[str, str], Entry]
"""Verdicts by submission and item, as the ledger has them."""


def collect(submissions: Iterable[Submission], assignment: Assignment, entries: Entries) -> list[Marks]:
    """The marks of `submissions`. What was not graded yet, as after an interruption, is not among them."""
    cohort = list(submissions)
    others = Others(assignment, (one.student for one in cohort))
    return [Marks(one, tuple(_marks(one, assignment, entries, others))) for one in cohort]


def _marks(submission: Submission, assignment: Assignment, entries: Entries, others: Others) -> Iterable[Mark]:
    for item in assignment.items.values():
        piece = submission.pieces.get(item.id)
        entry = entries.get((submission.name, item.id))
        if piece is None:
            if item.asked:
                yield _zero(item, "grading.not-handed-in", "")
        elif fault := _fault(submission, piece):
            yield _zero(item, *fault)
        elif entry is not None and not entry.stale:
            carried = others.carried(submission.student, item.id, submission.content(piece), entry.report)
            yield Mark(
                item, entry.report, entry.score, entry.tries, entry.content, entry.before, piece.parameters, carried
            )


def _fault(submission: Submission, piece: Piece) -> tuple[str, str] | None:
    """Why a piece cannot be graded: a key and what was found."""
    if piece.fault:
        return f"grading.{piece.fault}", piece.said
    try:
        submission.content(piece)
    except OSError as error:
        return "grading.unreadable", error.strerror or str(error)
    return None


def _zero(item: Item, key: str, said: str) -> Mark:
    result = Result("handed-in", Verdict.FAIL, key, actual=said)
    return Mark(item, Report(item.id, Verdict.FAIL, (result,), NO_MACHINE, 0.0), 0.0)


def as_json(cohort: Iterable[Marks], assignment: Assignment, labs: str, checks: Catalogue) -> dict[str, Any]:
    """The form of results.json; `checks` has the sentences, `labs` is our version."""
    cohort = list(cohort)
    seen = {mark.item.id for one in cohort for mark in one.marks}
    return {
        "version": VERSION,
        "labs": labs,
        "title": assignment.title,
        "language": checks.language,
        "tasks": [
            {"task": item.id, "title": item.title[checks.language], "max_points": _rounded(item.points)}
            for item in assignment.items.values()
            if item.id in seen
        ],
        "submissions": [
            {
                "submission": one.submission.name,
                "student": one.submission.student,
                "score": _rounded(one.score),
                "points": _rounded(one.points),
                "max_points": _rounded(one.most),
                "fault": one.submission.fault,
                "listed": assignment.is_listed(one.submission.student),
                "unread": list(one.submission.unread),
                "tasks": [_mark(mark, checks) for mark in one.marks],
            }
            for one in cohort
        ],
    }


def _mark(mark: Mark, checks: Catalogue) -> dict[str, Any]:
    value = mark.report.as_json(checks)
    for check, result in zip(value["checks"], mark.report.results, strict=True):
        check["description"] = described(mark.item.id, result, checks)
    return {
        "task": mark.item.id,
        "title": mark.item.title[checks.language],
        "verdict": value["verdict"],
        "score": _rounded(mark.score),
        "points": _rounded(mark.points),
        "max_points": _rounded(mark.item.points),
        "count": mark.report.count,
        "checks": _harmless(value["checks"]),
        "notes": list(mark.report.notes),
        "transcript": printable(mark.report.transcript),
        "machine": value["machine"],
        "seconds": value["seconds"],
        "tries": mark.tries,
        "content": mark.content,
        "parameters": dict(mark.parameters),
        "carries": [
            {
                "student": one.student,
                "parameters": dict(one.values),
                "places": list(one.places),
                "chance": float(f"{one.chance:.2g}"),
            }
            for one in mark.carried
        ],
        "before": [{"verdict": str(verdict), "score": _rounded(score)} for verdict, score in mark.before],
    }


def _harmless(value: Any) -> Any:
    """The same with every text made printable: evidence is what a student's files and processes say."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_harmless(one) for one in value]
    return {key: _harmless(one) for key, one in value.items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def save(folder: Path, name: str, text: str) -> None:
    """Writes a report whole or not at all. Raises LabsError."""
    try:
        (folder / name).parent.mkdir(exist_ok=True)
        replace(str(folder / name), text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise LabsError("results-not-kept", path=str(folder / name), reason=reason) from error


def to_text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
