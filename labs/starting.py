"""`labs start`: the lesson of a chapter, in a terminal."""

from __future__ import annotations

import sys

from lablib.errors import LabsError
from lablib.place import Place
from lablib.progress import Progress
from labs import course, stderr
from labs.arguments import Arguments


def run_start(arguments: Arguments, language: str) -> int:
    from lablib.doctor import missing_packages
    from lablib.machine.choose import machine_factory

    progress, place = Progress(), Place()
    name = arguments.operands[0] if arguments.operands else place.last or course.next_chapter(progress)
    chapter = course.chapter(name.partition("/")[0])
    factory = machine_factory(arguments.value("--on", "auto"))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabsError("no-terminal")
    try:
        from tui.lesson import run_lesson
    except ModuleNotFoundError as error:
        raise LabsError("needs-module", module=error.name or "") from error
    for problem in filter(None, (progress.problem, place.problem)):
        stderr.report(problem, language)
    if missing := missing_packages(chapter.packages):
        stderr.warn("packages-missing", language, packages=" ".join(missing), chapter=chapter.id)
    return run_lesson(chapter, factory, language, progress, place, course.task(name).id if "/" in name else "")
