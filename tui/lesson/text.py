"""What items are called and how steps went, in words; chapters as Markdown for the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lablib.course.model import End
from tui.chinese import continued
from tui.lesson.state import Item, StepState, TaskState, Walk
from tui.lesson.words import Words, visible

_LINES = 6
"""Of what a step printed when it was recorded."""
_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>.*)$")


def item_title(item: Item, walk: Walk, words: Words) -> str:
    """What an item is called: its kind, its number among its kind, and its title if it has one."""
    number, total = walk.number(item)
    if isinstance(item, StepState):
        return words.screen("step", number=number, total=total)
    entry, kind = (item.task, "task") if isinstance(item, TaskState) else (item.question, "question")
    return f"{words.screen(kind, number=number, total=total)} · {entry.title[words.language]}"


def prompted(commands: str) -> list[tuple[str, str]]:
    """The lines of a step, each behind what stands before it: the prompt is there once, since all is typed at once."""
    first, *more = commands.strip("\n").split("\n")
    return [("$ ", first), *(("  ", line) for line in more)]


def step_note(state: StepState, words: Words, *, more: bool = True) -> tuple[str, str]:
    """How a step went, and the theme's name of the colour for that; empty before it was run. With `more`, of one that
    went wrong what the keys of the screen do about it."""
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
        told = [f"✗ {sentence}" for sentence in sentences]
        return "\n".join([*told, *(_what_happened(state, words) if more else ())]), "error"
    if played.outcome.end is End.EXITED and played.outcome.status:
        return f"✓ {words.screen('step_status', status=played.outcome.status)}", "success"
    return f"✓ {words.screen(f'step_{played.outcome.end}', program=program)}", "success"


def _what_happened(state: StepState, words: Words) -> Iterator[str]:
    """For whoever wonders: what the step printed when it was recorded, and what can be done now."""
    if state.recorded is not None and state.recorded.output:
        yield words.screen("step_recorded")
        yield from (f"│ {line}" for line in visible(state.recorded.output, lines=_LINES).split("\n"))
    yield words.screen("step_what_now")


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
