"""`labs dev check`: proves chapters sound, and says of each fault what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import checkers  # noqa: F401 - registers the checks
from lablib.course.index import chapter_folders
from lablib.course.lint import lint
from lablib.course.model import Chapter, Task
from lablib.course.parser import load_course
from lablib.course.structure import read_structures
from lablib.errors import UsageError
from lablib.grading.proof import Case, Fault, attempt, cases, judge, mutants
from lablib.i18n import Catalogue, catalogue
from lablib.machine.ahead import Ahead
from lablib.machine.base import Machine
from lablib.machine.choose import check_choice, guest_factory, machine_factory
from lablib.machine.leftovers import of_ours
from lablib.needs import lacked
from lablib.player import perform
from lablib.session.recording import load_recording
from lablib.text import one_line
from lablib.verdict import REGISTRY
from labs import course
from labs.arguments import Arguments, nearest
from labs.elevating import sudo_if_agreed
from labs.exits import ExitCode
from labs.playing import SIZE, remarks


@dataclass(frozen=True)
class Found:
    """How one thing came out that was tried."""

    name: str
    """Of a case, a step, or a place in a file."""
    problems: tuple[str, ...] = ()
    """Sentences; empty where it is as it must be."""
    lacking: tuple[str, ...] = ()
    """What the machine lacks to try it."""
    seconds: float = 0.0

    @property
    def state(self) -> str:
        return "blocked" if self.lacking else "failed" if self.problems else "ok"


def run_check(name: str, arguments: Arguments, language: str) -> int:
    """`name` is a chapter or a task, or empty for the whole course. Raises UsageError and ContentError."""
    words, as_json = catalogue(language), arguments.has("--json")
    kind = arguments.value("--on", "auto")
    check_choice(kind)
    chapters, tasks = _chosen(name)
    before, began = of_ours(), time.monotonic()
    found = []
    with sudo_if_agreed(kind, language) as sudo:
        for one in chain(_everything(chapters, tasks, _machines(kind, sudo=sudo), words), _left(before, words)):
            found.append(one)
            if not as_json:
                print("\n".join(_lines(one, words)), flush=True)
    seconds = time.monotonic() - began
    if as_json:
        print(json.dumps({"found": [_value(one) for one in found], "seconds": round(seconds, 3)}, ensure_ascii=False))
    else:
        print(_summary(found, seconds, words))
    return ExitCode.FAIL if any(one.state == "failed" for one in found) else ExitCode.PASS


def _left(before: set[str], words: Catalogue) -> Iterator[Found]:
    """What is on the machine now that nothing runs any more, and was not `before`."""
    if left := of_ours() - before:
        yield Found("labs finish", (words.text("proof.left", left=", ".join(sorted(left))),))


def _chosen(name: str) -> tuple[list[Chapter], list[Task]]:
    """The chapters whose steps are played, and the tasks that are tried."""
    chapters = list(load_course(Path(course.CONTENT)).chapters)
    if not name:
        return chapters, [task for chapter in chapters for task in chapter.tasks]
    for chapter in chapters:
        if name == chapter.id:
            return [chapter], list(chapter.tasks)
        for task in chapter.tasks:
            if name == task.id:
                return [], [task]
    known = [name for chapter in chapters for name in (chapter.id, *(task.id for task in chapter.tasks))]
    raise UsageError("unknown-chapter", name=name, hint=nearest(name, known))


def _everything(
    chapters: Iterable[Chapter],
    tasks: list[Task],
    opened: AbstractContextManager[Callable[[], Machine]],
    words: Catalogue,
) -> Iterator[Found]:
    for problem in lint(Path(course.CONTENT)):
        yield Found(problem.where, (words.text(f"lint.{problem.key}", **problem.params),))
    yield from _unmatched(words)
    with opened as machines:
        for chapter in chapters:
            with machines() as machine:
                recording = load_recording(chapter.folder, machine.kind)
                for one in perform(chapter, machine, SIZE, recording):
                    problems = () if one.as_declared else tuple(remarks(one, words))
                    seconds = one.outcome.seconds if one.outcome else 0.0
                    yield Found(f"{chapter.id} {one.step.id}", problems, one.lacking, seconds)
        for task in tasks:
            yield from _proved(task, machines, words)


@contextmanager
def _machines(kind: str, *, sudo: bool) -> Iterator[Callable[[], Machine]]:
    """What makes machines of `kind`; the next guest boots while one is tried out."""
    if kind == "host":
        yield machine_factory(kind, sudo=sudo)
        return
    with closing(Ahead(guest_factory(), rest=0.0)) as machines:
        machines.begin()
        yield machines


def _unmatched(words: Catalogue) -> Iterator[Found]:
    """Tasks that nothing checks, and checks of tasks that there are not."""
    structures = read_structures(Path(folder) for folder in chapter_folders(course.CONTENT))
    places = {task.id: f"{one.file}:{task.line}" for one in structures for task in one.tasks}
    for task, place in places.items():
        if not REGISTRY.checks(task):
            yield Found(place, (words.text("proof.no-check", task=task),))
    for task in REGISTRY.tasks():
        if task not in places:
            code = REGISTRY.checks(task)[0].function.__code__
            place = f"{code.co_filename}:{code.co_firstlineno}"
            yield Found(place, (words.text("proof.no-task", task=task),))


def _proved(task: Task, machines: Callable[[], Machine], words: Catalogue) -> Iterator[Found]:
    """Every case of the task, and whether they need each of its checks."""
    noticed: set[str] = set()
    for case in cases(task):
        report = attempt(case, machines)
        if lacking := lacked(report.results):
            whole = case.task.needs == task.needs
            yield Found(task.id if whole else case.name, lacking=lacking)
            if whole:
                return
            continue
        fault = judge(case, report.results)
        noticed |= {blind for blind, results in mutants(report.results) if judge(case, results) is not None}
        yield Found(case.name, _sentences(fault, case, words), seconds=report.seconds)
    for check in REGISTRY.checks(task.id):
        if check.id not in noticed:
            yield Found(task.id, (words.text("proof.blind", check=check.id, task=task.id),))


def _sentences(fault: Fault | None, case: Case, words: Catalogue) -> tuple[str, ...]:
    if fault is None:
        return ()
    script = str(case.script.relative_to(course.CONTENT)) if case.script is not None else "-"
    return (one_line(words.text(f"proof.{fault.key}", script=script, **fault.params)),)


def _lines(found: Found, words: Catalogue) -> list[str]:
    if found.lacking:
        return [f"… {found.name}: {words.text('play.lacking', needs=', '.join(found.lacking))}"]
    return [f"{'✗' if found.problems else '✓'} {found.name}", *(f"    {sentence}" for sentence in found.problems)]


def _summary(found: list[Found], seconds: float, words: Catalogue) -> str:
    states = [one.state for one in found]
    return words.text(
        "proof.summary",
        good=states.count("ok"),
        bad=states.count("failed"),
        lacking=states.count("blocked"),
        seconds=f"{seconds:.1f}",
    )


def _value(found: Found) -> dict[str, Any]:
    return {
        "name": found.name,
        "state": found.state,
        "problems": list(found.problems),
        "lacking": list(found.lacking),
        "seconds": round(found.seconds, 3),
    }
