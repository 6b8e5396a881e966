"""Text for the lesson: sentences by key, chapters as Markdown, and bytes of strangers made harmless to look at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lablib.course.model import End
from lablib.errors import LabsError
from lablib.i18n import CHECK_MESSAGES, MESSAGES, catalogue
from lablib.text import printable
from tui.chinese import continued
from tui.lesson.state import Item, StepState, TaskState, Walk

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

    def problem(self, key: str, params: Mapping[str, str]) -> str:
        return visible(self._text(MESSAGES, f"problem.{key}", params))

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


def item_title(item: Item, walk: Walk, words: Words) -> str:
    """What an item is called: its kind, its number among its kind, and its title if it has one."""
    number, total = walk.number(item)
    if isinstance(item, StepState):
        return words.screen("step", number=number, total=total)
    entry, kind = (item.task, "task") if isinstance(item, TaskState) else (item.question, "question")
    return f"{words.screen(kind, number=number, total=total)} · {entry.title[words.language]}"


def step_note(state: StepState, words: Words) -> tuple[str, str]:
    """How a step went, and the theme's name of the colour for that; empty before it was run."""
    if state.running:
        return words.screen("step_running"), "warning"
    if state.trouble:
        return state.trouble, "warning"
    played = state.played
    if played is None:
        return "", "text-muted-hex"
    if played.outcome is None:
        return f"⊘ {words.screen('step_lacking', needs=', '.join(played.lacking))}", "warning"
    program = visible(played.outcome.program) or "?"
    if played.problems:
        sentences = [words.problem(problem.key, problem.params) for problem in played.problems]
        if played.outcome.end in (End.TIMEOUT, End.WAITING, End.LOST):
            sentences = [words.screen(f"step_{played.outcome.end}", program=program)]
        return "\n".join(f"✗ {sentence}" for sentence in sentences), "error"
    if played.outcome.end is End.EXITED and played.outcome.status:
        return f"✓ {words.screen('step_status', status=played.outcome.status)}", "success"
    return f"✓ {words.screen(f'step_{played.outcome.end}', program=program)}", "success"


def for_screen(markdown: str) -> str:
    """`markdown` as Textual shows it best: Chinese paragraphs without line ends; and of each fence's info string only
    the first word, since Textual takes the whole as a lexer's name, and none of that where it begins our own `{…}`."""
    lines: list[str] = []
    closing = ""
    for line in markdown.split("\n"):
        fence = _FENCE.match(line)
        if fence and not closing and not (fence["mark"][0] == "`" and "`" in fence["info"]):
            closing = fence["mark"]
            word = fence["info"].split("{")[0].split()[:1]
            line = fence["indent"] + fence["mark"] + "".join(word)
        elif fence and closing and fence["mark"].startswith(closing) and not fence["info"].strip():
            closing = ""
        elif not closing and lines and (longer := continued(lines[-1], line)):
            lines[-1] = longer
            continue
        lines.append(line)
    return "\n".join(lines)
