"""Whether a page and chapter.toml speak of the same tasks, questions and steps."""

from __future__ import annotations

from lablib.course.model import End, Step
from lablib.course.page import Page
from lablib.course.quote import QuestionQuote
from lablib.course.source import broken
from lablib.course.structure import Structure


def match_page(structure: Structure, page: Page) -> None:
    """Raises ContentError where the two do not fit together, at the place that has what the other lacks."""
    _same_names(structure, page)
    _same_steps(structure, page)
    _answerable(structure, page)


def _same_names(structure: Structure, page: Page) -> None:
    tasks, questions = ("task", structure.tasks), ("question", structure.questions)
    for kind, (of, entries) in {"task": tasks, "hint": tasks, "question": questions, "answer": questions}.items():
        known = {entry.name for entry in entries}
        named = {mark.name: mark for mark in page.marks if mark.kind == kind}
        for name, mark in named.items():
            if name not in known:
                raise broken(page.path, mark.line, f"chapter.toml has no {of} {name}")
        for entry in entries:
            if entry.name not in named and kind != "hint":
                raise broken(structure.file, entry.line, f"{page.path.name} has no [!{kind.upper()}] {entry.name}")


def _same_steps(structure: Structure, page: Page) -> None:
    """A step's table tells how a step of the page behaves, and `inside` names one that opens a shell before it."""
    ids = [part.id for part in page.parts if isinstance(part, Step)]
    entering = {part.id for part in page.parts if isinstance(part, Step) and part.ends is End.ENTERED}
    for step in structure.steps:
        if step.id not in ids:
            raise broken(structure.file, step.table.first, f"{page.path.name} has no step {step.id}")
        if step.inside and step.inside not in entering.intersection(ids[: ids.index(step.id)]):
            reason = f"{page.path.name} has no step {step.inside} that enters a shell before the step {step.id}"
            raise step.table.broken("inside", reason)


def _answerable(structure: Structure, page: Page) -> None:
    steps = {part.id for part in page.parts if isinstance(part, Step)}
    choices = {part.id: part.choices for part in page.parts if isinstance(part, QuestionQuote)}
    for question in structure.questions:
        if question.experiment not in steps:
            raise question.table.broken("experiment", f"{page.path.name} has no step {question.experiment}")
        if question.answer > len(choices[question.name]):
            reason = f"{page.path.name} has {len(choices[question.name])} choices for the question {question.name}"
            raise question.table.broken("answer", reason)
