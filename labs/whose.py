"""`labs student`: whose parameters lessons have here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from lablib.errors import UsageError
from lablib.i18n import catalogue
from lablib.student import Student, forget, keep, kept_student, read_student
from labs import course
from labs.arguments import Arguments
from labs.exits import ExitCode


def run_student(arguments: Arguments, language: str) -> int:
    if arguments.has("--forget"):
        if arguments.operands:
            raise UsageError("too-many-operands", operand=arguments.operands[0], command="labs student --forget")
        forget()
    for path in arguments.operands:
        student = read_student(Path(path))
        student.values(task for chapter in course.structures() for task in chapter.tasks)  # or it is refused
        keep(student)
    known = kept_student()
    if arguments.has("--json"):
        value = known and {"student": known.id, "parameters": {id: dict(one) for id, one in known.parameters.items()}}
        print(json.dumps(value, ensure_ascii=False))
        return ExitCode.PASS
    words = catalogue(language)
    if known is None:
        print(words.text("student.nobody"))
    else:
        print("\n".join([words.text("student.is", id=known.id), *_lines(known)]))
    return ExitCode.PASS


def _lines(student: Student) -> Iterable[str]:
    for chapter in course.structures():
        for task, values in student.values(chapter.tasks).items():
            yield f"  {task}: {', '.join(f'{name} = {value}' for name, value in values.items())}"
