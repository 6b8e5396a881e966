"""`labs check` for a question: is this the answer? No machine is needed; a wrong answer is told how to find out."""

from __future__ import annotations

import json

from lablib.course.model import Question
from lablib.errors import UsageError
from lablib.grading.question import check_answer, experiment
from lablib.grading.report import MARKS, why
from lablib.i18n import CHECK_MESSAGES, catalogue
from lablib.verdict import Verdict
from labs import course
from labs.arguments import Arguments
from labs.exits import ExitCode
from labs.passing import note_passed


def run_answer(arguments: Arguments, language: str) -> int:
    name = arguments.operands[0]
    for option in ("--script", "--on", "--timeout"):
        if arguments.has(option):
            raise UsageError("not-for-question", option=option, question=name)
    chapter = course.chapter(name.partition("/")[0])
    question = next(question for question in chapter.questions if question.id == name)
    answer = _answer(arguments, question)
    report = check_answer(name, question.answer, answer, lambda: experiment(chapter, question).commands)
    passed = report.verdict is Verdict.PASS
    checks = catalogue(language, CHECK_MESSAGES)
    if arguments.has("--json"):
        print(json.dumps(report.as_json(checks), ensure_ascii=False))
    else:
        print(f"{MARKS[report.verdict]} {question.id}  {question.title[language]}")
        print()
        print(question.explanation[language] if passed else why(report.results[0], checks))
    if passed:
        note_passed(question.id, language)
    return ExitCode.PASS if passed else ExitCode.FAIL


def _answer(arguments: Arguments, question: Question) -> int:
    count = min(len(choices) for choices in question.choices.values())
    text = arguments.value("--answer", "")
    if not text:
        raise UsageError("needs-answer", question=question.id, count=count)
    if not text.isdecimal() or not 1 <= int(text) <= count:
        raise UsageError("no-such-choice", value=text, question=question.id, count=count)
    return int(text)
