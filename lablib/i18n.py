"""Messages by key in English and Simplified Chinese, and the choice between the two."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
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
        return self._texts[key].format_map(params)


@cache
def catalogue(language: str, folder: Path = MESSAGES) -> Catalogue:
    """The catalogue of `folder` in `language`. A nested TOML table is a dotted key: `[error] x` is `error.x`."""
    return Catalogue(language, _flat(tomllib.loads((folder / f"{language}.toml").read_text("utf-8"))))


def preferred_language(environ: Mapping[str, str] | None = None) -> str:
    """`LABS_LANG` first, then the locale as setlocale(3) reads it: LC_ALL, LC_MESSAGES, LANG. English otherwise."""
    environ = os.environ if environ is None else environ
    for name in ("LABS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def _flat(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            texts.update(_flat(value, f"{prefix}{key}."))
        else:
            texts[prefix + key] = str(value).strip("\n")
    return texts
