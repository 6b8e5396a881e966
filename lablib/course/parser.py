"""The course from its folder: `content/NN-name/` with chapter.toml, a page in each language, and scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from lablib.course.index import chapter_folders
from lablib.course.match import match_page
from lablib.course.model import (
    Block,
    Chapter,
    Course,
    Question,
    QuestionPlace,
    Step,
    Task,
    TaskPlace,
    Wrong,
)
from lablib.course.page import Page, Part, read_page
from lablib.course.quote import QuestionQuote, TaskQuote
from lablib.course.source import broken, read_text
from lablib.course.structure import (
    QuestionStructure,
    StepStructure,
    Structure,
    bare_task,
    read_structure,
    read_structures,
    scripts,
)
from lablib.language import LANGUAGES
from lablib.parameters import Values

_NEEDS = "# needs: "
_FAILS = re.compile(r"# fails: (?P<check>\S+) (?P<key>\S+)\s*")


def load_course(content: Path) -> Course:
    """Every chapter in `content`, by number. Raises ContentError."""
    structures = read_structures(Path(folder) for folder in chapter_folders(str(content)))
    return Course(tuple(_chapter(structure, {}) for structure in structures))


def load_chapter(folder: Path, values: Mapping[str, Values] | None = None) -> Chapter:
    """The chapter in `folder`; `values` are those of its parameters, by their task's id, where they are not the
    course's own. Raises ContentError."""
    return _chapter(read_structure(folder), values or {})


def read_pages(folder: Path, values: Values) -> Mapping[str, Page]:
    """The chapter's page in every language, with `values` for its parameters. Raises ContentError."""
    return {language: read_page(folder / f"{language}.md", values) for language in LANGUAGES}


def _chapter(structure: Structure, values: Mapping[str, Values]) -> Chapter:
    bare = [bare_task(structure.folder, task, values.get(task.id)) for task in structure.tasks]
    pages = read_pages(structure.folder, {name: value for task in bare for name, value in task.parameters.items()})
    for page in pages.values():
        match_page(structure, page)
    tasks = {task.id.partition("/")[2]: _task(structure.folder, task, pages) for task in bare}
    questions = {question.name: _question(question, pages) for question in structure.questions}
    steps = {step.id: step for step in structure.steps}
    return Chapter(
        structure.id,
        structure.number,
        structure.title,
        structure.packages,
        tuple(tasks.values()),
        tuple(questions.values()),
        {
            language: tuple(_block(part, tasks, questions, steps) for part in page.parts)
            for language, page in pages.items()
        },
        structure.folder,
    )


def _task(folder: Path, task: Task, pages: Mapping[str, Page]) -> Task:
    name = task.id.partition("/")[2]
    return replace(
        task,
        body={language: _body(page, name) for language, page in pages.items()},
        hints={
            language: tuple(hint.body for hint in page.hints if hint.id == name) for language, page in pages.items()
        },
        wrong=tuple(_wrong(path) for path in scripts(folder / "wrong" / name)),
    )


def _body(page: Page, task: str) -> str:
    return next(part.body for part in page.parts if isinstance(part, TaskQuote) and part.id == task)


def _question(question: QuestionStructure, pages: Mapping[str, Page]) -> Question:
    quotes = {
        language: next(part for part in page.parts if isinstance(part, QuestionQuote) and part.id == question.name)
        for language, page in pages.items()
    }
    return Question(
        id=question.id,
        title=question.title,
        points=question.points,
        answer=question.answer,
        experiment=question.experiment,
        body={language: quote.body for language, quote in quotes.items()},
        choices={language: quote.choices for language, quote in quotes.items()},
        explanation={
            language: next(answer.body for answer in page.answers if answer.id == question.name)
            for language, page in pages.items()
        },
    )


def _block(
    part: Part, tasks: Mapping[str, Task], questions: Mapping[str, Question], steps: Mapping[str, StepStructure]
) -> Block:
    if isinstance(part, TaskQuote):
        return TaskPlace(tasks[part.id])
    if isinstance(part, QuestionQuote):
        return QuestionPlace(questions[part.id])
    if isinstance(part, Step) and part.id in steps:
        return _step(part, steps[part.id])
    return part


def _step(step: Step, told: StepStructure) -> Step:
    return replace(
        step,
        status=told.status,
        shows=told.shows,
        varies=told.varies,
        scene=told.scene,
        inside=told.inside,
        seconds=told.seconds,
        needs=told.needs,
    )


def _wrong(script: Path) -> Wrong:
    """A wrong solution, by the `# fails:` among the comments it begins with."""
    for line in _comments(script):
        if header := _FAILS.fullmatch(line):
            return Wrong(script, header["check"], header["key"])
    raise broken(script, 1, "a wrong solution begins with a line `# fails: CHECK FAILURE-KEY`")


def script_needs(script: Path) -> tuple[str, ...]:
    """What a solution needs beyond its task, by the `# needs:` among the comments it begins with."""
    found = (line.removeprefix(_NEEDS) for line in _comments(script) if line.startswith(_NEEDS))
    return tuple(need for line in found for need in line.split())


def _comments(script: Path) -> Iterator[str]:
    return takewhile(lambda line: line.startswith("#"), read_text(script).split("\n"))
