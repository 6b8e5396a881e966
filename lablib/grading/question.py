"""Grading an answer: it is right or it is not, and the experiment that shows it is what a wrong one is sent to."""

from __future__ import annotations

import time

from lablib.course.model import Chapter, Question, Step
from lablib.grading.report import Report
from lablib.verdict import Result, Verdict

MACHINE = "none"
"""Where an answer is graded, in a report."""


def check_answer(chapter: Chapter, question: Question, answer: int) -> Report:
    """Whether `answer`, counted from 1, is the right one to `question` of `chapter`. The report never says which is."""
    began = time.monotonic()
    if answer == question.answer:
        result = Result("answer", Verdict.PASS, actual=str(answer))
    else:
        commands = experiment(chapter, question).commands.strip("\n")
        params = {"commands": commands}
        result = Result("answer", Verdict.FAIL, "grading.wrong-answer", actual=str(answer), params=params)
    return Report(question.id, result.verdict, (result,), MACHINE, time.monotonic() - began)


def experiment(chapter: Chapter, question: Question) -> Step:
    """The step whose outcome answers `question`."""
    return next(step for step in chapter.steps if step.id == question.experiment)
