"""Quotes of a page that are ours: tasks, questions, hints and answers, and the choices that a question ends in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from lablib.course.source import broken

KINDS = ("TASK", "HINT", "QUESTION", "ANSWER")
_CHOICE = ["list_item_open", "paragraph_open", "inline", "paragraph_close", "list_item_close"]


@dataclass(frozen=True)
class Quote:
    """A quote for the task or question that has this `id` within the chapter."""

    id: str
    body: str
    line: int


@dataclass(frozen=True)
class TaskQuote(Quote):
    """What a task asks."""


@dataclass(frozen=True)
class QuestionQuote(Quote):
    """What a question asks."""

    choices: tuple[str, ...]


def question_quote(path: Path, id: str, lines: Sequence[str], line: int) -> QuestionQuote:
    """The question `id`, whose quote begins in `line` and has `lines` below it. The items of the list it ends in are
    its choices. Raises ContentError."""
    tokens = MarkdownIt("commonmark").parse("\n".join(lines))
    starts = [at for at, token in enumerate(tokens) if token.type == "bullet_list_open" and not token.level]
    if not starts or tokens[-1].type != "bullet_list_close":
        raise broken(path, line, f"the question {id} does not end in a list of choices")
    choices = tuple(_choice(path, item, line + 1) for item in _items(tokens[starts[-1] + 1 : -1]))
    if len(choices) < 2:
        raise broken(path, line, f"the question {id} has one choice only")
    body = "\n".join(lines[: _line(tokens[starts[-1]])]).strip("\n")
    return QuestionQuote(id, body, line, choices)


def _items(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each item of a list, beginning with the one that opens it."""
    starts = [at for at, token in enumerate(tokens) if token.type == "list_item_open" and token.level == 1]
    return [list(tokens[start:end]) for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True)]


def _choice(path: Path, item: Sequence[Token], first: int) -> str:
    if [token.type for token in item] != _CHOICE or "\n" in item[2].content:
        raise broken(path, first + _line(item[0]), "a choice is one line of text")
    return item[2].content


def _line(token: Token) -> int:
    """The line a block begins in, counted from 0."""
    assert token.map is not None
    return token.map[0]
