"""Each task is sound, on the real kernel, in a fresh guest each: unsolved it fails, every solution passes, every wrong
solution fails for the reason its header names."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.course.model import Task, Wrong
from lablib.course.parser import load_course
from lablib.grading.script import check_script
from lablib.verdict import Verdict
from tests.guests import new_guest

TASKS = [task for chapter in load_course(Path(__file__).parents[2] / "content").chapters for task in chapter.tasks]


def _name(value: object) -> str:
    if isinstance(value, Task):
        return value.id
    path = value.script if isinstance(value, Wrong) else value
    return f"{path.parent.name}/{path.name}" if isinstance(path, Path) else str(value)


def _pairs(kind: str) -> list[tuple[Task, object]]:
    return [(task, value) for task in TASKS for value in getattr(task, kind)]


pytestmark = pytest.mark.usefixtures("guests_boot")


@pytest.mark.parametrize("task", TASKS, ids=_name)
def test_unsolved_it_fails(task: Task) -> None:
    assert check_script(task, b"", new_guest).verdict is Verdict.FAIL


@pytest.mark.parametrize(("task", "solution"), _pairs("solutions"), ids=_name)
def test_a_solution_passes(task: Task, solution: Path) -> None:
    report = check_script(task, solution.read_bytes(), new_guest)
    assert report.verdict is Verdict.PASS, report.results


@pytest.mark.parametrize(("task", "wrong"), _pairs("wrong"), ids=_name)
def test_a_wrong_solution_fails_for_its_reason(task: Task, wrong: Wrong) -> None:
    report = check_script(task, wrong.script.read_bytes(), new_guest)
    assert report.verdict is Verdict.FAIL
    assert (wrong.check, wrong.key) in [(result.id, result.key) for result in report.results]
