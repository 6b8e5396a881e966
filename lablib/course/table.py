"""A table of chapter.toml whose values are asked for by kind; what is wrong with one is said with its line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lablib.course.model import Text
from lablib.course.source import broken
from lablib.errors import ContentError
from lablib.language import LANGUAGES
from lablib.parameters import MAX_PARAMETERS, NAME, Declared, parameter

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FILE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)?")
_NEED = re.compile(r"(controller|feature|program|user):[A-Za-z0-9_.+-]+|systemd")


@dataclass(frozen=True)
class Table:
    """A table and the lines it is in, from `first` to before `end`."""

    path: Path
    values: Mapping[str, Any]
    lines: list[str]
    first: int
    end: int

    def line(self, key: str) -> int:
        """Where `key` is set, or else the table begins. tomllib does not say, so the text is searched: first this
        table's own lines, then those of every header, since `[key]` may follow the tasks."""
        name = rf"""["']?{re.escape(key)}["']?\s*"""
        own = re.compile(rf"\s*(\[\s*\w+\s*\.\s*)?{name}[].=]")
        header = re.compile(rf"\s*\[+\s*{name}[].]")
        for pattern, places in ((own, range(self.first, self.end)), (header, range(1, len(self.lines) + 1))):
            for at in places:
                if pattern.match(self.lines[at - 1]):
                    return at
        return self.first

    def broken(self, key: str, reason: str) -> ContentError:
        """The error to raise for what is wrong with `key`."""
        return broken(self.path, self.line(key), reason)

    def refuse_others(self, known: frozenset[str]) -> None:
        for key in self.values:
            if key not in known:
                raise self.broken(key, f"the key {key} is unknown; known are {', '.join(sorted(known))}")

    def get(self, key: str) -> Any:
        if key not in self.values:
            raise broken(self.path, self.first, f"the key {key} is missing")
        return self.values[key]

    def id(self) -> str:
        value = self.get("id")
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise self.broken("id", "an id is text of lower-case letters and digits, in words joined by -")
        return value

    def title(self) -> Text:
        value = self.get("title")
        if not isinstance(value, dict):
            raise self.broken("title", "a title is a table with one text for each language")
        for language in LANGUAGES:
            if language not in value:
                raise self.broken("title", f"the title has no text for {language}")
        for language, text in value.items():
            if language not in LANGUAGES:
                raise self.broken("title", f"the title's language {language} is unknown")
            if not isinstance(text, str):
                raise self.broken("title", f"the title for {language} is not text")
        return {language: value[language] for language in LANGUAGES}

    def points(self) -> int:
        return self._above_0("points", "points are")

    def answer(self) -> int:
        return self._above_0("answer", "an answer is")

    def _above_0(self, key: str, what: str) -> int:
        value = self.get(key)
        if type(value) is not int or value <= 0:  # a bool is an int too
            raise self.broken(key, f"{what} a whole number above 0")
        return value

    def status(self) -> int:
        value = self.values.get("status", 0)
        if type(value) is not int or not 0 <= value <= 255:
            raise self.broken("status", "a status is a whole number from 0 to 255")
        return value

    def seconds(self, default: float) -> float:
        value = self.values.get("seconds", default)
        if type(value) not in (int, float) or not 0 < value < math.inf:
            raise self.broken("seconds", "seconds are a number above 0")
        return float(value)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.get(key) if default is None else self.values.get(key, default)
        if not isinstance(value, str):
            raise self.broken(key, f"{key} is one text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.broken(key, f"{key} is a list of texts")
        return tuple(value)

    def patterns(self, key: str) -> tuple[str, ...]:
        """Regular expressions. One that matches nothing at all would be found in, or mask, whatever there is."""
        patterns = self.texts(key)
        for pattern in patterns:
            try:
                found = re.compile(pattern).match("")
            except re.error as error:
                raise self.broken(key, f"{pattern!r} is no regular expression: {error}") from error
            if found:
                raise self.broken(key, f"{pattern!r} matches where there is nothing")
        return patterns

    def files(self) -> tuple[str, ...]:
        files = self.texts("files")
        for file in files:
            if not _FILE.fullmatch(file):
                raise self.broken("files", f"{file}: a file of ~/lab is called like a task, with .EXT or without")
        return files

    def parameters(self) -> Declared:
        values = self.values.get("parameters", {})
        if not isinstance(values, dict) or len(values) > MAX_PARAMETERS:
            raise self.broken("parameters", f"parameters are a table of at most {MAX_PARAMETERS}")
        declared = {}
        for name, value in values.items():
            if not NAME.fullmatch(name):
                raise self.broken(name, f"{name} is no parameter: its name is of letters, digits and _, in lower case")
            try:
                declared[name] = parameter(value)
            except ValueError as error:
                raise self.broken(name, f"{name}: {error}") from error
        return declared

    def needs(self) -> tuple[str, ...]:
        needs = self.texts("needs")
        for need in needs:
            if not _NEED.fullmatch(need):
                known = "controller:NAME, feature:NAME, program:NAME, user:NAME, systemd"
                raise self.broken("needs", f"the need {need} is unknown; known are {known}")
        return needs
