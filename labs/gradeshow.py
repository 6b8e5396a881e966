"""How far grading is: a bar with the time left above the newest verdicts on a terminal, a line for each elsewhere."""

from __future__ import annotations

import sys
from collections import Counter, deque
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from lablib.grading.cohort import Watcher
from lablib.grading.job import Job
from lablib.grading.report import MARKS, Report
from lablib.i18n import Catalogue
from lablib.verdict import Verdict

if TYPE_CHECKING:
    from rich.live import Live
    from rich.progress import Progress
    from rich.table import Table

NEWEST = 10
"""Verdicts in the table."""
STYLES = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.BLOCKED: "yellow", Verdict.ERROR: "yellow"}


class Shown(Watcher, AbstractContextManager[Any], Protocol):
    """A watcher that is on the screen while it is entered."""


def shown(words: Catalogue, *, quiet: bool) -> Shown:
    if quiet:
        return Lines(words, quiet=True)
    if sys.stdout.isatty():
        try:
            import rich.live  # noqa: F401

            return Screen(words)
        except ModuleNotFoundError:
            pass  # lines say it too
    return Lines(words, quiet=False)


class Lines:
    """A line for each verdict; none where it is to be `quiet`."""

    def __init__(self, words: Catalogue, *, quiet: bool) -> None:
        self._words = words
        self._quiet = quiet
        self._due = 0
        self._done = 0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, due: int, done: int) -> None:
        self._due = due
        self._say(self._words.text("grade.begin", due=due, done=done))

    def graded(self, job: Job, report: Report, *, final: bool) -> None:
        self._done += final
        again = "" if final else f" · {self._words.text('grade.again')}"
        place = f"[{self._done}/{self._due}]"
        self._say(f"{place} {MARKS[report.verdict]} {job.submission}  {job.item}  {report.seconds:.1f} s{again}")

    def _say(self, line: str) -> None:
        if not self._quiet:
            print(line, flush=True)


class Screen:
    """A live table of the newest verdicts, and a bar."""

    def __init__(self, words: Catalogue) -> None:
        self._words = words
        self._open = ExitStack()
        self._newest: deque[tuple[Job, Report]] = deque(maxlen=NEWEST)
        self._counts: Counter[Verdict] = Counter()
        self._live: Live
        self._bar: Progress

    def __enter__(self) -> Screen:
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Left

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), Left())
        self._bar = Progress(*columns, speed_estimate_period=120)
        self._live = self._open.enter_context(Live(self._table(), refresh_per_second=4))
        return self

    def __exit__(self, *_: object) -> None:
        self._live.update(self._table(), refresh=True)
        self._open.close()

    def begin(self, due: int, done: int) -> None:
        self._bar.add_task(self._words.text("grade.bar"), total=due + done, completed=done)
        self._live.update(self._table())

    def graded(self, job: Job, report: Report, *, final: bool) -> None:
        self._newest.appendleft((job, report))
        if final:
            self._counts[report.verdict] += 1
            self._bar.advance(self._bar.task_ids[0])
        self._live.update(self._table())

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        rows = Table.grid(padding=(0, 2))
        for job, report in self._newest:
            mark = Text(MARKS[report.verdict], style=STYLES[report.verdict])
            rows.add_row(mark, Text(job.submission), Text(job.item), Text(f"{report.seconds:.1f} s"))
        counts = Text("   ").join(
            Text(f"{MARKS[verdict]} {self._counts[verdict]}", style=style) for verdict, style in STYLES.items()
        )
        whole = Table.grid()
        for part in (rows, counts, self._bar):
            whole.add_row(part)
        return whole
