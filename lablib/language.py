"""Which of our languages a user reads. Imports nothing but `os`: every start of the command asks this."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "zh")


def preferred_language(environ: Mapping[str, str] | None = None) -> str:
    """`LABS_LANG` first, then the locale as setlocale(3) reads it: LC_ALL, LC_MESSAGES, LANG. English otherwise, and on
    the kernel's own console, whose font has no Chinese (console_codes(4))."""
    environ = os.environ if environ is None else environ
    locale = () if environ.get("TERM") == "linux" else ("LC_ALL", "LC_MESSAGES", "LANG")
    for name in ("LABS_LANG", *locale):
        value = environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
