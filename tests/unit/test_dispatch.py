"""Jobs out to real processes, some of which die."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from lablib.grading.dispatch import Dispatch
from lablib.grading.job import QUARANTINED, Job
from lablib.verdict import Verdict
from tests.unit.doomed_work import work

ITEM = "cgroups/memory-only"


class Processes:
    """Workers that need no machine."""

    def __init__(self, batch: int = 1) -> None:
        self.width = 2
        self.batch = batch
        self.made = 0

    def executor(self) -> Executor:
        self.made += 1
        return ProcessPoolExecutor(self.width, multiprocessing.get_context("forkserver"))

    def close(self, executor: Executor) -> None:
        executor.shutdown(cancel_futures=True)


def jobs(*contents: str) -> list[Job]:
    return [Job(f"s{number}", ITEM, content.encode()) for number, content in enumerate(contents)]


def outcome(workers: Processes, *contents: str) -> dict[str, str]:
    """How each job ended: its verdict, or the key of its first result."""
    asked = jobs(*contents)
    reports = list(Dispatch(workers, work).run(asked))
    assert Counter(job for job, _ in reports) == Counter(asked), "each job has one report"
    return {
        job.content.decode().split(" ")[0]: str(one.verdict) if one.verdict is Verdict.PASS else one.results[0].key
        for job, one in reports
    }


@pytest.mark.parametrize("batch", [1, 4])
def test_every_job_has_its_report(batch: int) -> None:
    assert outcome(Processes(batch), *["fine"] * 9) == {"fine": "pass"}


@pytest.mark.parametrize("batch", [1, 4])
def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path, batch: int) -> None:
    contents = [f"dies-once {tmp_path / 'died'}", *["fine"] * 9]
    assert outcome(Processes(batch), *contents) == {"dies-once": "pass", "fine": "pass"}


@pytest.mark.parametrize("batch", [1, 4])
def test_what_ends_its_workers_is_put_aside_and_those_beside_it_are_graded(batch: int) -> None:
    workers = Processes(batch)
    assert outcome(workers, "fine", "dies", "fine", "fine", "fine") == {"fine": "pass", "dies": QUARANTINED}
    assert workers.made <= 4, "it is not tried again and again"


@pytest.mark.parametrize("word", ["raises", "other"])
def test_nonsense_from_a_worker_costs_the_others_nothing(word: str) -> None:
    assert outcome(Processes(2), word, "fine", "fine") == {word: QUARANTINED, "fine": "pass"}


def test_where_no_worker_lives_everything_is_told_and_it_ends() -> None:
    assert outcome(Processes(), *["dies"] * 5) == {"dies": QUARANTINED}


def test_the_next_job_is_asked_for_only_when_a_worker_is_about_to_be_free() -> None:
    asked = count()

    def endless() -> Iterator[Job]:
        for number in asked:
            yield Job(f"s{number}", ITEM, b"fine")

    with closing(Dispatch(Processes(), work).run(endless())) as reports:
        next(reports)
    assert next(asked) <= 6


def test_whoever_stops_listening_ends_the_workers() -> None:
    workers = Processes()
    with closing(Dispatch(workers, work).run(jobs("fine", *["sleeps 0.2"] * 5))) as reports:
        next(reports)
    assert not multiprocessing.active_children()
