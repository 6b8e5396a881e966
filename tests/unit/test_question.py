"""An answer is right or wrong, and whoever is wrong is sent to the experiment, not told the answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.course.model import Chapter
from lablib.course.parser import load_chapter
from lablib.grading.question import check_answer, experiment
from lablib.grading.report import Report, why
from lablib.i18n import CHECK_MESSAGES, LANGUAGES, catalogue
from lablib.verdict import Verdict
from tests.unit.made_course import make


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    return load_chapter(make(tmp_path))


def check(chapter: Chapter, answer: int) -> Report:
    question = chapter.questions[0]
    return check_answer(question.id, question.answer, answer, lambda: experiment(chapter, question).commands)


def test_the_right_answer_passes_without_a_machine(chapter: Chapter) -> None:
    report = check(chapter, 2)
    assert (report.task, report.verdict, report.machine) == ("cgroups/why", Verdict.PASS, "none")
    assert [(result.id, result.verdict) for result in report.results] == [("answer", Verdict.PASS)]


def test_a_wrong_answer_fails_and_is_told_what_to_run(chapter: Chapter) -> None:
    report = check(chapter, 1)
    assert report.verdict is Verdict.FAIL
    (result,) = report.results
    for language in LANGUAGES:
        assert "rm -r test" in why(result, catalogue(language, CHECK_MESSAGES))
    assert (result.actual, result.expected) == ("1", "")


def test_the_experiment_is_the_step_that_the_question_names(chapter: Chapter) -> None:
    assert experiment(chapter, chapter.questions[0]).id == "try"
