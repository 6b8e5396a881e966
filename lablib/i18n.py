"""Messages by key in English and Simplified Chinese."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lablib.language import LANGUAGES, preferred_language

__all__ = ["CHECK_MESSAGES", "LANGUAGES", "MESSAGES", "Catalogue", "catalogue", "preferred_language"]

MESSAGES = Path(__file__).parent / "messages"
CHECK_MESSAGES = Path(__file__).parent.parent / "checkers" / "messages"


class Catalogue:
    """The sentences of one language. A missing key or parameter is a bug that tests find, so it raises KeyError."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def keys(self) -> frozenset[str]:
        return frozenset(self._texts)

    def text(self, key: str, **params: str | int) -> str:
        """The sentence called `key`. A parameter `needs`, separated by commas and as chapter.toml writes them, is told
        in words."""
        if "needs" in params:
            params["needs"] = _in_words(str(params["needs"]), catalogue(self.language))
        return self._texts[key].format_map(params)


def _in_words(needs: str, words: Catalogue) -> str:
    """What nobody has a word for is told as it is."""

    def told(need: str) -> str:
        kind, _, name = need.partition(":")
        key = next((key for key in (f"need.{kind}.{name}", f"need.{kind}") if key in words), "need.other")
        return words.text(key, name=name, need=need)

    return words.text("need.between").join(told(need) for need in needs.split(", "))


@cache
def catalogue(language: str, folder: Path = MESSAGES) -> Catalogue:
    """The catalogue of `folder` in `language`: the file LANGUAGE.toml, or all of the folder LANGUAGE. A nested TOML
    table is a dotted key: `[error] x` is `error.x`."""
    files = sorted((folder / language).glob("*.toml")) or [folder / f"{language}.toml"]
    texts: dict[str, str] = {}
    for file in files:
        texts |= _flat(tomllib.loads(file.read_text("utf-8")))
    return Catalogue(language, texts)


def _flat(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            texts.update(_flat(value, f"{prefix}{key}."))
        else:
            texts[prefix + key] = str(value).strip("\n")
    return texts
