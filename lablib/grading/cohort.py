"""Grading many submissions: what is still to be done, in which order, and noting each verdict as it comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Protocol

from lablib.grading.dispatch import Dispatch
from lablib.grading.job import Job
from lablib.grading.ledger import TRIES, Ledger
from lablib.grading.report import Report
from lablib.grading.submissions import Submission


class Watcher(Protocol):
    """Who is told how far it is."""

    def begin(self, due: int, done: int) -> None:
        """`due` jobs are to be done, and `done` were before."""

    def graded(self, job: Job, report: Report, *, final: bool) -> None:
        """A verdict has come and is noted; where it is not `final` the job is tried once more."""


def grade_cohort(
    submissions: Iterable[Submission], ledger: Ledger, dispatch: Dispatch, watcher: Watcher, seconds: float
) -> None:
    """Grades what of `submissions` the ledger has no final verdict on, `seconds` being what a script may take. Raises
    LabsError where verdicts cannot be noted or there are no workers."""
    cohort = list(submissions)
    count, due = 0, 0
    for job in jobs(cohort, seconds):
        count += 1
        due += ledger.is_due(job)
    watcher.begin(due, count - due)
    for _ in range(TRIES):
        left = (job for job in jobs(cohort, seconds) if ledger.is_due(job))
        with closing(dispatch.run(left)) as reports:
            for job, report in reports:
                entry = ledger.add(job, report)
                watcher.graded(job, report, final=entry.is_final)


def jobs(submissions: Iterable[Submission], seconds: float) -> Iterator[Job]:
    """A job for each piece that can be graded, read when it is its turn: all at once could fill the memory."""
    for submission in submissions:
        for piece in submission.pieces.values():
            if not piece.fault:
                try:
                    yield Job(
                        submission.name, piece.item, submission.content(piece), seconds, piece.parameters, piece.file
                    )
                except OSError:
                    continue  # which `results` tells
