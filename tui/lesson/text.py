"""Text for the lesson: sentences by key, chapters as Markdown, and bytes of strangers made harmless to look at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lablib.course.model import Chapter, Prose, Question, Step, TaskPlace
from lablib.errors import LabsError
from lablib.i18n import CHECK_MESSAGES, MESSAGES, catalogue
from lablib.text import printable

SCREEN_MESSAGES = Path(__file__).parent.parent / "messages"
_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>.*)$")


class Words:
    """Every sentence of the screen in one language. A key or parameter that is missing shows as the key itself: a
    lesson must not end because a sentence is lost."""

    def __init__(self, language: str) -> None:
        self.language = language

    def screen(self, key: str, **params: str | int) -> str:
        return self._text(SCREEN_MESSAGES, f"screen.{key}", params)

    def check_name(self, task: str, check: str) -> str:
        """What a check is called: its own name in the catalogue, else its id in words."""
        key = f"check.{task.replace('/', '.')}.{check}"
        name = self._text(CHECK_MESSAGES, key, {})
        return check.replace("-", " ") if name == key else name

    def why(self, key: str, params: Mapping[str, str]) -> str:
        return visible(self._text(CHECK_MESSAGES, key, params))

    def warning(self, key: str) -> str:
        return self._text(MESSAGES, f"warning.{key}", {})

    def error(self, error: Exception) -> tuple[str, str]:
        """What is wrong and what to do about it; no remedy for what nobody foresaw."""
        if not isinstance(error, LabsError):
            return self.screen("unforeseen", error=visible(f"{type(error).__name__}: {error}")), ""
        sentence = self._text(MESSAGES, f"error.{error.key}", error.params)
        remedy = self._text(MESSAGES, f"remedy.{error.key}", error.params)
        return visible(sentence), "" if remedy == f"remedy.{error.key}" else visible(remedy)

    def _text(self, folder: Path, key: str, params: Mapping[str, str | int]) -> str:
        try:
            return catalogue(self.language, folder).text(key, **params)
        except (KeyError, IndexError, ValueError, OSError):
            return key


def visible(text: str, *, lines: int = 0) -> str:
    """`text` with every control and invisible character shown instead of obeyed. With `lines`, at most so many."""
    shown = printable(text)
    if lines and shown.count("\n") >= lines:
        shown = "\n".join([*shown.split("\n")[:lines], "…"])
    return shown


def chapter_markdown(chapter: Chapter, language: str, words: Words) -> str:
    """A chapter to be read: steps as code, each task as a quoted line that points at its card (`task_line`),
    each question as a quote."""
    numbers = {task.id: number for number, task in enumerate(chapter.tasks, 1)}
    parts = []
    for block in chapter.blocks[language]:
        if isinstance(block, Prose):
            parts.append(plain_fences(block.markdown))
        elif isinstance(block, Step):
            parts.append(_fenced(block.commands, "bash"))
        elif isinstance(block, TaskPlace):
            parts.append(task_line(chapter, numbers.get(block.task.id, 0), language, words))
        else:
            parts.append(question_text(block.question, language))
    return "\n\n".join(parts)


def task_line(chapter: Chapter, number: int, language: str, words: Words) -> str:
    """The line of the prose that stands for the task `number`, counted from 1."""
    title = chapter.tasks[number - 1].title[language]
    return f"> **{words.screen('task', number=number, total=len(chapter.tasks))} · {title}**"


def question_text(question: Question, language: str) -> str:
    """A question to be read, its choices numbered."""
    choices = "\n".join(f"{number}. {choice}" for number, choice in enumerate(question.choices[language], 1))
    text = f"**? · {question.title[language]}**\n\n{plain_fences(question.body[language])}\n\n{choices}"
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def plain_fences(markdown: str) -> str:
    """`markdown` with only the first word of each fence's info string, since Textual takes the whole as a lexer's
    name; and none of that where the word begins our own `{…}`."""
    lines, closing = [], ""
    for line in markdown.split("\n"):
        fence = _FENCE.match(line)
        if fence and not closing and not (fence["mark"][0] == "`" and "`" in fence["info"]):
            closing = fence["mark"]
            word = fence["info"].split("{")[0].split()[:1]
            line = fence["indent"] + fence["mark"] + "".join(word)
        elif fence and closing and fence["mark"].startswith(closing) and not fence["info"].strip():
            closing = ""
        lines.append(line)
    return "\n".join(lines)


def _fenced(code: str, language: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}{language}\n{code.strip(chr(10))}\n{mark}"
