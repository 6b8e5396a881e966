"""Each worker that is at work has a processor of its own, as long as there are enough."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from lablib.grading import processor
from lablib.grading.processor import one_processor


@pytest.fixture(autouse=True)
def names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may be grading on this machine."""
    monkeypatch.setattr(processor, "NAME", f"container-labs/test/{os.getpid()}")


def test_workers_at_the_same_time_keep_to_different_processors_and_then_to_none() -> None:
    here = os.sched_getaffinity(0)
    all_at_work = Barrier(len(here) + 1)

    def work() -> tuple[set[int], set[int]]:
        with one_processor():
            all_at_work.wait(10)
            inside = os.sched_getaffinity(0)
            all_at_work.wait(10)  # none lets go before the last has looked
        return inside, os.sched_getaffinity(0)

    with ThreadPoolExecutor(len(here) + 1) as workers:
        found = [each.result() for each in [workers.submit(work) for _ in range(len(here) + 1)]]
    assert sorted(len(inside) for inside, _ in found) == sorted([*([1] * len(here)), len(here)])
    assert {number for inside, _ in found if len(inside) == 1 for number in inside} == here
    assert all(after == here for _, after in found)


def test_a_processor_is_free_again_after_the_work() -> None:
    for _ in range(2):
        with one_processor():
            assert len(os.sched_getaffinity(0)) == 1
