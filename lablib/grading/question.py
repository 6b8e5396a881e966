"""Grading an answer: it is right or it is not, and the experiment that shows it is what a wrong one is sent to."""

from __future__ import annotations

import time
from collections.abc import Callable

from lablib.course.model import Chapter, Question, Step
from lablib.grading.report import Report
from lablib.verdict import Result, Verdict

MACHINE = "none"
"""Where an answer is graded, in a report."""


def check_answer(question: str, right: int, answer: int, commands: Callable[[], str]) -> Report:
    """Whether `answer`, counted from 1, is the `right` one to the question called so; who is wrong is told the
    `commands` of its experiment, which are asked for only then. The report never says which is right."""
    began = time.monotonic()
    if answer == right:
        result = Result("answer", Verdict.PASS, actual=str(answer))
    else:
        params = {"commands": commands().strip("\n")}
        result = Result("answer", Verdict.FAIL, "grading.wrong-answer", actual=str(answer), params=params)
    return Report(question, result.verdict, (result,), MACHINE, time.monotonic() - began)


def experiment(chapter: Chapter, question: Question) -> Step:
    """The step whose outcome answers `question`."""
    return next(step for step in chapter.steps if step.id == question.experiment)
