"""A chapter to be read: its prose, what each step printed when it was recorded, its tasks and its questions."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from lablib.course.model import Chapter, Prose, Step
from lablib.session.recording import Recorded, Recording
from lablib.text import one_line, printable
from tui.lesson.state import Progress, QuestionState, StepState, TaskState, Walk
from tui.lesson.task_card import with_code
from tui.lesson.text import item_title, prompted
from tui.lesson.words import Words
from tui.plain.console import indented, markdown

PASSED = "✓"


def chapter_page(
    chapter: Chapter, recording: Recording | None, progress: Progress, words: Words
) -> Iterator[RenderableType]:
    """The whole chapter, a part at a time."""
    yield Text(_origin(recording, words), "dim")
    walk = Walk(chapter, progress)
    items = iter(walk.items)
    for block in chapter.blocks[words.language]:
        yield ""
        if isinstance(block, Prose):
            yield markdown(block.markdown)
            continue
        item = next(items)
        if isinstance(item, StepState):
            recorded = recording.steps.get(item.id) if recording else None
            yield step_commands(item.step)
            yield _output(recorded, words)
            continue
        title = Text.assemble((item_title(item, walk, words), "bold"), f"  {PASSED}" if item.done else "")
        yield from (title, "")
        yield from task_text(item, words) if isinstance(item, TaskState) else question_text(item, words)


def step_commands(step: Step) -> RenderableType:
    """What a step types."""
    lines = (Text.assemble((mark, "yellow"), (line, "bold")) for mark, line in prompted(step.commands))
    return indented(Text("\n").join(lines))


def task_text(state: TaskState, words: Words) -> Iterator[RenderableType]:
    """What a task asks, and how to begin with it."""
    yield markdown(state.task.body.get(words.language, ""))
    yield from ("", Text(words.screen("read_task", task=state.id), "dim"))


def question_text(state: QuestionState, words: Words) -> Iterator[RenderableType]:
    """What a question asks, with its choices, and its explanation once it was answered."""
    question, language = state.question, words.language
    yield markdown(question.body.get(language, ""))
    yield ""
    for number, choice in enumerate(question.choices.get(language, ()), 1):
        yield indented(Text.assemble(f"{number}  ", with_code(choice, "", "cyan")))
    yield ""
    if state.done:
        yield markdown(question.explanation.get(language, ""))
    else:
        yield Text(words.screen("read_question", question=state.id), "dim")


def _origin(recording: Recording | None, words: Words) -> str:
    """Where what the steps print comes from."""
    if recording is None:
        return words.screen("read_unrecorded")
    return words.screen(
        "read_recorded",
        kind=words.screen(f"kind_{recording.kind}"),
        release=one_line(recording.release),
        distribution=one_line(recording.distribution),
        date=one_line(recording.date),
    )


def _output(recorded: Recorded | None, words: Words) -> RenderableType:
    if recorded is None:
        return indented(Text(words.screen("read_no_output"), "dim"))
    return indented(Text(printable(recorded.output))) if recorded.output else ""
