"""Sentences by key in the reader's language, and bytes of strangers made harmless to look at. Light: it is needed
before the first paint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lablib.errors import LabsError
from lablib.i18n import CHECK_MESSAGES, LANGUAGES, MESSAGES, catalogue
from lablib.text import printable

if TYPE_CHECKING:
    from lablib.parameters import Values

SCREEN_MESSAGES = Path(__file__).parent.parent / "messages"


class Words:
    """Every sentence of the screen in one language. A key or parameter that is missing shows as the key itself: a
    lesson must not end because a sentence is lost."""

    def __init__(self, language: str) -> None:
        self.language = language
        """Another one may be set: what is shown from then on is in that."""

    @property
    def others(self) -> list[Words]:
        """The same in every other language."""
        return [Words(language) for language in LANGUAGES if language != self.language]

    def screen(self, key: str, **params: str | int) -> str:
        return self._text(SCREEN_MESSAGES, f"screen.{key}", params)

    def check_name(self, task: str, check: str, parameters: Values) -> str:
        """What a check is called: its own name in the catalogue, else its id in words."""
        key = f"check.{task.replace('/', '.')}.{check}"
        name = self._text(CHECK_MESSAGES, key, parameters)
        return check.replace("-", " ") if name == key else name

    def why(self, key: str, params: Mapping[str, str]) -> str:
        return visible(self._text(CHECK_MESSAGES, key, params))

    def told(self, key: str) -> str:
        """Empty where there is no such sentence: not everything that may come has one."""
        text = self.why(key, {})
        return "" if text == key else text

    def warning(self, key: str, **params: str) -> str:
        return visible(self._text(MESSAGES, f"warning.{key}", params))

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
