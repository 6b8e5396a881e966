"""Each task is sound, on the real kernel, in a fresh guest each: unsolved it fails, every solution passes, every wrong
solution fails for the reason its header names. And each check is needed for that: were it blind, something of this
would be noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

import checkers  # noqa: F401 - registers the checks
from lablib.course.model import Task
from lablib.course.parser import load_course
from lablib.grading.proof import Case, attempt, cases, judge, mutants
from lablib.needs import lacked
from lablib.verdict import REGISTRY, Result
from tests.guests import new_guest

TASKS = [task for chapter in load_course(Path(__file__).parents[2] / "content").chapters for task in chapter.tasks]
CASES = [case for task in TASKS for case in cases(task)]

pytestmark = pytest.mark.usefixtures("guests_boot")


_TRIED: dict[str, tuple[Result, ...]] = {}


def results_of(case: Case) -> tuple[Result, ...]:
    """Each case is tried once, for all that is asked of it. Skips the test where this machine cannot offer the task."""
    if case.name not in _TRIED:
        _TRIED[case.name] = attempt(case, new_guest).results
    if lacking := lacked(_TRIED[case.name]):
        pytest.skip(f"this machine lacks {', '.join(lacking)}")
    return _TRIED[case.name]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_ends_as_it_must(case: Case) -> None:
    results = results_of(case)
    assert judge(case, results) is None, results


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_check_that_never_looked_would_be_noticed(task: Task) -> None:
    noticed = {
        blind
        for case in cases(task)
        for blind, results in mutants(results_of(case))
        if judge(case, results) is not None
    }
    assert {check.id for check in REGISTRY.checks(task.id)} - noticed == set()
