"""A page of a chapter, en.md or zh.md: CommonMark in which some fences are steps, and some quotes are tasks and
questions, their hints and their answers.

Everything else stays as it was written. A fence whose info string has no braces is prose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from lablib.course.model import End, Prose, Step
from lablib.course.quote import KINDS, QuestionQuote, Quote, TaskQuote, question_quote
from lablib.course.source import broken, read_text
from lablib.parameters import PLACEHOLDER, Values

_BRACES = re.compile(r"[^{}]*\{(?P<attributes>[^{}]*)\}\s*")
_CLOSING = re.compile(r"[ \t>]*(?P<mark>`{3,}|~{3,})[ \t]*")
_ALERT = re.compile(r"\[!(?P<kind>[A-Za-z]+)\][ \t]*(?P<name>.*?)[ \t]*")
_QUOTE = re.compile(r" {0,3}> ?")
_OURS = tuple(f"[!{kind}]" for kind in KINDS)
_FORGE_ALERTS = frozenset({"NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"})
"""What forges show as a box; prose to us."""
_ENDS = {"enters": End.ENTERED, "leaves": End.LEFT, "waits": End.WAITING}
_ATTRIBUTES = ("run", "id", *_ENDS, "of")
_VALUED = ("id", "of")

Part = Prose | Step | TaskQuote | QuestionQuote


@dataclass(frozen=True)
class Mark:
    """A bone of the page's skeleton: `kind` is heading, step, task, hint, question or answer, `name` its level
    or id."""

    kind: str
    name: str
    line: int


@dataclass(frozen=True)
class Page:
    """A page, parsed. `parts` are in reading order, `marks` are the skeleton to compare with another language's."""

    path: Path
    parts: tuple[Part, ...]
    hints: tuple[Quote, ...]
    answers: tuple[Quote, ...]
    marks: tuple[Mark, ...]
    lines: int
    """How many lines the page has."""


def read_page(path: Path, values: Values) -> Page:
    """The page at `path`, with `values` for the parameters of its chapter. Raises ContentError."""
    text = _filled_in(path, read_text(path), values)
    reader = _Reader(path, text.split("\n"))
    for token in MarkdownIt("commonmark").parse(text):
        reader.take(token)
    return reader.page()


def _filled_in(path: Path, text: str, values: Values) -> str:
    def value(found: re.Match[str]) -> str:
        if found["name"] not in values:
            line = text.count("\n", 0, found.start()) + 1
            raise broken(path, line, f"no task of the chapter has a parameter {found['name']}")
        return values[found["name"]]

    return PLACEHOLDER.sub(value, text)


@dataclass
class _Reader:
    """Cuts the lines of a page at the tokens that mean something to us."""

    path: Path
    lines: list[str]
    parts: list[Part] = field(default_factory=list)
    hints: list[Quote] = field(default_factory=list)
    answers: list[Quote] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    _taken: int = 0
    """Lines before this one are in `parts`."""

    def take(self, token: Token) -> None:
        if token.map is None:
            return
        start, end = token.map
        if token.type == "heading_open":
            self.marks.append(Mark("heading", token.tag, start + 1))
        elif token.type == "fence":
            self._fence(token, start, end)
        elif token.type == "blockquote_open" and not token.level:
            self._quote(start, end)
        elif token.type == "inline" and token.content.startswith(_OURS) and not self._marked(start + 1):
            raise broken(self.path, start + 1, f"{', '.join(_OURS)} begin a quote, which stands by itself")

    def page(self) -> Page:
        self._prose_until(len(self.lines), len(self.lines))
        return Page(
            self.path,
            tuple(self.parts),
            tuple(self.hints),
            tuple(self.answers),
            tuple(self.marks),
            _count(self.lines),
        )

    def _fence(self, token: Token, start: int, end: int) -> None:
        line = start + 1
        closing = _CLOSING.fullmatch(self.lines[end - 1])
        if end - start < 2 or not closing or not closing["mark"].startswith(token.markup):
            raise broken(self.path, line, "this fence is never closed")
        attributes = self._attributes(token.info, line)
        if attributes is None:
            return
        if token.level:
            raise broken(self.path, line, "a fence with {…} stands by itself, not in a list or a quote")
        self._prose_until(start, end)
        if "run" in attributes:
            self._step(attributes, token.content, line)
        else:
            self._recorded(attributes, token.content, line)

    def _attributes(self, info: str, line: int) -> dict[str, str] | None:
        """What the braces of a fence's info string hold; None for a fence without any."""
        if "{" not in info and "}" not in info:
            return None
        braces = _BRACES.fullmatch(info)
        if not braces:
            raise broken(self.path, line, "a fence's attributes are written as one {…} at the end of the line")
        attributes: dict[str, str] = {}
        for word in braces["attributes"].split():
            name, equals, value = word.partition("=")
            if name not in _ATTRIBUTES:
                raise broken(self.path, line, f"the attribute {name} is unknown; known are {', '.join(_ATTRIBUTES)}")
            if name in attributes:
                raise broken(self.path, line, f"the attribute {name} is given twice")
            if (name in _VALUED) != bool(value) or (equals and not value):
                raise broken(self.path, line, f"write {name}=…" if name in _VALUED else f"write {name} alone")
            attributes[name] = value
        self._fit(attributes, line)
        return attributes

    def _fit(self, attributes: dict[str, str], line: int) -> None:
        if "run" in attributes and "of" in attributes:
            raise broken(self.path, line, "a fence is a step (run) or what one printed (of=…), not both")
        if "run" in attributes and "id" not in attributes:
            raise broken(self.path, line, "a step needs an id: {run id=…}")
        if "run" not in attributes and attributes.keys() != {"of"}:
            raise broken(self.path, line, "a fence with {…} says run or of=…; all else belongs to run")
        if len(attributes.keys() & _ENDS.keys()) > 1:
            raise broken(self.path, line, f"a step comes to one end: {', '.join(_ENDS)}, or none of them")

    def _step(self, attributes: dict[str, str], commands: str, line: int) -> None:
        name = attributes["id"]
        if self._find(name) is not None:
            raise broken(self.path, line, f"there is a step {name} already")
        if not commands.strip():
            raise broken(self.path, line, f"the step {name} has no commands")
        ends = next((end for word, end in _ENDS.items() if word in attributes), End.EXITED)
        self.parts.append(Step(name, commands, ends))
        self.marks.append(Mark("step", name, line))

    def _recorded(self, attributes: dict[str, str], output: str, line: int) -> None:
        name = attributes["of"]
        at = self._find(name)
        if at is None:
            raise broken(self.path, line, f"there is no step {name} above")
        step = self.parts[at]
        assert isinstance(step, Step)
        if step.recorded:
            raise broken(self.path, line, f"the output of the step {name} is given twice")
        self.parts[at] = replace(step, recorded=output)

    def _find(self, step: str) -> int | None:
        return next((at for at, part in enumerate(self.parts) if isinstance(part, Step) and part.id == step), None)

    def _quote(self, start: int, end: int) -> None:
        inner = [_QUOTE.sub("", line, count=1) for line in self.lines[start:end]]
        alert = _ALERT.fullmatch(inner[0])
        if alert is None or alert["kind"] in _FORGE_ALERTS:
            return
        kind, name, line = alert["kind"], alert["name"], start + 1
        if kind not in KINDS:
            raise broken(self.path, line, f"[!{kind}] is unknown; known are {', '.join(_OURS)}")
        if not name or " " in name:
            raise broken(self.path, line, f"[!{kind}] is followed by one id, and its text by the next line")
        for at, other in enumerate(inner[1:], line + 1):
            if other.startswith(_OURS):
                raise broken(self.path, at, "an empty line is missing before this quote")
        if kind != "HINT" and any((mark.kind, mark.name) == (kind.lower(), name) for mark in self.marks):
            raise broken(self.path, line, f"there is a [!{kind}] {name} already")
        self._prose_until(start, end)
        self.marks.append(Mark(kind.lower(), name, line))
        body = _trimmed(inner[1:])
        match kind:
            case "TASK":
                self.parts.append(TaskQuote(name, body, line))
            case "QUESTION":
                self.parts.append(question_quote(self.path, name, inner[1:], line))
            case "HINT":
                self.hints.append(Quote(name, body, line))
            case _:
                self.answers.append(Quote(name, body, line))

    def _marked(self, line: int) -> bool:
        return bool(self.marks) and self.marks[-1].line == line

    def _prose_until(self, start: int, end: int) -> None:
        """What is before line `start` is prose; on to line `end`."""
        if markdown := _trimmed(self.lines[self._taken : start]):
            self.parts.append(Prose(markdown))
        self._taken = end


def _count(lines: Sequence[str]) -> int:
    """Without the empty piece that follows the last newline."""
    return max(1, len(lines) - (lines[-1] == ""))


def _trimmed(lines: Sequence[str]) -> str:
    """`lines` without the empty ones around them."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[filled[0] : filled[-1] + 1]) if filled else ""
