"""Parameters of a task: values that may differ from student to student, such as the name of a cgroup or a limit.

A task declares each (`[task.parameters]` of chapter.toml) with the value that the course has by itself, and says what
else may be drawn:

    small = { default = "small", pattern = "small-@@@@" }   # @ is a letter or digit, # a digit
    room = { default = 20, from = 12, to = 36, step = 2 }

A value is a short plain word wherever it goes: into a page, a script's environment, a path, a report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""Of a parameter: it is also a variable of a shell, and POSIX leaves those in lower case to applications."""
VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
"""Of whatever kind: nothing that a shell, a path, Markdown or HTML would read as more than a word."""
MAX_PARAMETERS = 16
"""Of one task."""
_MOST = 10**12
_LETTERS = "bcdfghjkmnpqrtvwxz2346789"
"""Without vowels, which make words, and without what looks like another."""
_DIGITS = "0123456789"
_SLOTS = {"@": _LETTERS, "#": _DIGITS}
PLACEHOLDER = re.compile(r"\{\{(?P<name>[a-z][a-z0-9_]*)\}\}")
"""Of a parameter in a page. Go's templates, which podman takes, have a dot or a blank behind the braces."""

Values = Mapping[str, str]
"""What the parameters of a task are, by their names."""


@dataclass(frozen=True)
class Pattern:
    """A name or a nonce."""

    default: str
    pattern: str

    @property
    def possibilities(self) -> int:
        count = 1
        for character in self.pattern:
            count *= len(_SLOTS.get(character, "-"))
        return count

    def drawn(self, number: int) -> str:
        """The value with this number, of `possibilities`."""
        text = []
        for character in reversed(self.pattern):
            letters = _SLOTS.get(character, character)
            number, at = divmod(number, len(letters))
            text.append(letters[at])
        return "".join(reversed(text))

    def accepts(self, value: str) -> bool:
        return value == self.default or self._drawn.fullmatch(value) is not None

    def found_in(self, text: str) -> Iterator[str]:
        """Every value that could have been drawn and stands in `text` as a word."""
        return (match[0] for match in self._word.finditer(text))

    @cached_property
    def _drawn(self) -> re.Pattern[str]:
        return re.compile("".join(f"[{_SLOTS[c]}]" if c in _SLOTS else re.escape(c) for c in self.pattern))

    @cached_property
    def _word(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![A-Za-z0-9])(?:{self._drawn.pattern})(?![A-Za-z0-9])")


@dataclass(frozen=True)
class Range:
    """A limit: one of a few numbers, which tells nobody from others."""

    default: str
    numbers: range

    @property
    def possibilities(self) -> int:
        return len(self.numbers)

    def drawn(self, number: int) -> str:
        return str(self.numbers[number])

    def accepts(self, value: str) -> bool:
        return value == self.default or value in map(str, self.numbers)


Parameter = Pattern | Range
Declared = Mapping[str, Parameter]
"""The parameters of a task, by their names."""


def parameter(value: Any) -> Parameter:
    """The parameter that a table of chapter.toml declares. Raises ValueError for what is none."""
    match value:
        case {"default": str(default), "pattern": str(pattern), **others} if not others:
            if not (VALUE.fullmatch(default) and VALUE.fullmatch(re.sub("[@#]", "x", pattern))):
                raise ValueError("a value is made of letters and digits, with - between them, at most 64")
            if not set(pattern) & _SLOTS.keys():
                raise ValueError("a pattern has places to be drawn: @ for a letter or digit, # for a digit")
            return Pattern(default, pattern)
        case {"default": int(), "from": int(), "to": int(), **others} if others.keys() <= {"step"}:
            number, first, last, step = (value.get(key, 1) for key in ("default", "from", "to", "step"))
            numbers = all(type(one) is int for one in (number, first, last, step))  # a bool is an int too
            if not (numbers and number >= 0 and 0 <= first <= last < _MOST and step > 0):
                raise ValueError("a range goes up from a whole number, by a step above 0")
            return Range(str(number), range(first, last + 1, step))
    raise ValueError('a parameter is { default = "…", pattern = "…" } or { default = N, from = N, to = N, step = N }')


def defaults(declared: Declared) -> Values:
    """What the parameters are where nothing was drawn for anybody."""
    return {name: one.default for name, one in declared.items()}


def accepted(declared: Declared, values: Any) -> Values:
    """`values`, which somebody else says are those of `declared`: each is there, and could have been drawn. Raises
    ValueError."""
    if not isinstance(values, dict) or values.keys() != declared.keys():
        raise ValueError(f"the parameters are {', '.join(declared) or '-'}")
    for name, value in values.items():
        if not isinstance(value, str) or not declared[name].accepts(value):
            raise ValueError(f"no value of {name}")
    return dict(values)
