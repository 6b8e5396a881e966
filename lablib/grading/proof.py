"""What proves a task sound, in a fresh machine each: unsolved it fails, every solution passes, and every wrong one
fails for the reason that its header names. A task with parameters is proved with its own and with those of made-up
students, none of whom passes by the values of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from lablib.course.model import Task, Wrong
from lablib.course.parser import script_needs
from lablib.grading.drawing import Secret
from lablib.grading.report import Report
from lablib.grading.script import check_script
from lablib.machine.base import Machine
from lablib.parameters import Values
from lablib.verdict import Result, Verdict, overall

STUDENTS = ("ada", "linus")
_MADE_UP = Secret(b"of students who do not exist")


class Kind(StrEnum):
    """What of a task is tried."""

    UNSOLVED = "unsolved"
    SOLUTION = "solution"
    WRONG = "wrong"
    OTHERS = "others"
    """A solution, by the values of another student."""


@dataclass(frozen=True)
class Case:
    """One try at a task, and how it must end."""

    task: Task
    kind: Kind
    script: Path | None = None
    """None for no work at all."""
    wrong: Wrong | None = None
    student: str = ""
    """Made up; for nobody in particular where it is empty."""
    environment: Values = field(default_factory=dict)
    """The parameters that the script goes by."""

    @property
    def name(self) -> str:
        """Such as `cgroups/memory-only wrong/rm-r.sh`."""
        if self.script is None:
            return f"{self.task.id} {self.kind}"
        whose = f" ({self.kind}, {self.student})" if self.student else ""
        return f"{self.task.id} {self.script.parent.parent.name}/{self.script.name}{whose}"


@dataclass(frozen=True)
class Fault:
    """Why a case proves nothing: `key` names the sentence `proof.KEY` and what to do, `params` fill it."""

    key: str
    params: Mapping[str, str] = field(default_factory=dict)


def cases(task: Task) -> Iterator[Case]:
    """Everything there is to try."""
    yield Case(task, Kind.UNSOLVED)
    yield from _scripts(task)
    if task.declared:
        drawn = [replace(task, parameters=_MADE_UP.values(student, task.id, task.declared)) for student in STUDENTS]
        for one, student, other in zip(drawn, STUDENTS, (*drawn[1:], task), strict=True):
            yield from _scripts(one, student)
            for script in task.solutions[:1]:
                yield Case(one, Kind.OTHERS, script, student=student, environment=other.parameters)


def _scripts(task: Task, student: str = "") -> Iterator[Case]:
    for script in task.solutions:
        yield Case(_needing(task, script), Kind.SOLUTION, script, None, student, task.parameters)
    for wrong in task.wrong:
        yield Case(_needing(task, wrong.script), Kind.WRONG, wrong.script, wrong, student, task.parameters)


def _needing(task: Task, script: Path) -> Task:
    return replace(task, needs=(*task.needs, *script_needs(script)))


def attempt(case: Case, machine_factory: Callable[[], Machine]) -> Report:
    """Grades the case as a student's script is graded. Raises MachineError."""
    script = case.script.read_bytes() if case.script is not None else b""
    return check_script(case.task, script, machine_factory, environment=case.environment)


def judge(case: Case, results: tuple[Result, ...]) -> Fault | None:
    """What is wrong with the case, whose checks found `results`; None where it ended as it must."""
    verdict = overall(results)
    if verdict in (Verdict.ERROR, Verdict.BLOCKED):
        said = next((f"{one.id}: {one.actual or one.key}" for one in results if one.verdict is verdict), "-")
        return Fault(f"is-{verdict}", {"said": said})
    failed = ", ".join(f"{one.id} {one.key}" for one in results if one.verdict is Verdict.FAIL)
    if case.kind is Kind.SOLUTION:
        return None if verdict is Verdict.PASS else Fault("solution-fails", {"failed": failed})
    if verdict is Verdict.PASS:
        return Fault(f"{case.kind}-passes")
    wrong = case.wrong
    if wrong is not None and (wrong.check, wrong.key) not in [(one.id, one.key) for one in results]:
        return Fault("other-reason", {"expected": f"{wrong.check} {wrong.key}", "failed": failed})
    return None


def mutants(results: tuple[Result, ...]) -> Iterator[tuple[str, tuple[Result, ...]]]:
    """For each check, what `results` would be if it never looked: it passes whatever there is."""
    for blind in results:
        passed = Result(blind.id, Verdict.PASS)
        yield blind.id, tuple(passed if one is blind else one for one in results)
