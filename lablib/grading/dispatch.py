"""Jobs out to workers and reports back, over any `concurrent.futures.Executor`.

A worker that dies takes the jobs it had with it: each of them is run again, alone, so that one that ends its workers is
told from those that were beside it. Twice lost, it is put aside.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from itertools import islice
from typing import NamedTuple, Protocol

from lablib.grading.job import QUARANTINED, Job, failed, grade, unpack
from lablib.grading.report import Report

LOSSES = 2
"""How often a job's worker may die."""


class Workers(Protocol):
    """Where executors come from: a new one after the last broke."""

    @property
    def width(self) -> int:
        """How many jobs, or batches of them, are worked on at once."""

    @property
    def batch(self) -> int:
        """How many jobs go out together."""

    def executor(self) -> Executor:
        """One that runs. Raises LabsError where there can be none."""

    def close(self, executor: Executor) -> None:
        """Ends it: what it still works on is not waited for."""


Answer = Future[str]


class Sent(NamedTuple):
    """A batch that is at work."""

    batch: tuple[Job, ...]
    to: Executor


class Dispatch:
    """Sends jobs to `workers`, who do `work` with each batch, and tells of each report as it comes."""

    def __init__(self, workers: Workers, work: Callable[[str], str] = grade) -> None:
        self._workers = workers
        self._work = work
        self._executor: Executor | None = None
        self._losses: Counter[tuple[str, str]] = Counter()
        self._suspects: deque[Job] = deque()

    def run(self, jobs: Iterable[Job]) -> Generator[tuple[Job, Report], None, None]:
        """Every job with its report, as they come. `jobs` is asked for the next only when a worker is about to be
        free. Closing the iterator ends what is at work."""
        try:
            yield from self._run_together(iter(jobs))
            while self._suspects:
                yield from self._run_alone(self._suspects.popleft())
        finally:
            self._stop()

    def _run_together(self, jobs: Iterator[Job]) -> Iterator[tuple[Job, Report]]:
        pending: dict[Answer, Sent] = {}
        while True:
            while len(pending) < 2 * self._workers.width and (batch := tuple(islice(jobs, self._workers.batch))):
                self._send(batch, pending)
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for answer in done:
                yield from self._reports(answer, pending.pop(answer))

    def _run_alone(self, job: Job) -> Iterator[tuple[Job, Report]]:
        if self._losses[job.key] >= LOSSES:
            yield job, failed(job.item, QUARANTINED, "")
            return
        pending: dict[Answer, Sent] = {}
        self._send((job,), pending)
        for answer, sent in pending.items():
            wait([answer])
            yield from self._reports(answer, sent)

    def _send(self, batch: tuple[Job, ...], pending: dict[Answer, Sent]) -> None:
        if self._executor is None:
            self._executor = self._workers.executor()
        try:
            answer = self._executor.submit(self._work, json.dumps([job.as_json() for job in batch]))
            pending[answer] = Sent(batch, self._executor)
        except RuntimeError:  # BrokenExecutor is one too
            self._stop()
            self._lose(batch)

    def _reports(self, answer: Answer, sent: Sent) -> Iterator[tuple[Job, Report]]:
        """The reports on a batch; none where its worker was lost or answered nonsense."""
        try:
            reports = [unpack(value) for value in json.loads(answer.result())]
            if [report.task for report in reports] != [job.item for job in sent.batch]:
                raise ValueError("other reports than were asked for")
        except Exception as error:  # KilledWorker of Dask, …: each library has its own
            if isinstance(error, BrokenExecutor | CancelledError) and self._executor is sent.to:
                self._stop()
            self._lose(sent.batch)
        else:
            yield from zip(sent.batch, reports, strict=True)

    def _lose(self, batch: tuple[Job, ...]) -> None:
        self._losses.update(job.key for job in batch)
        self._suspects.extend(batch)

    def _stop(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            self._workers.close(executor)
