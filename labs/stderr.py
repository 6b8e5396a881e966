"""Everything the command writes to standard error, in the user's language: errors with their remedy, warnings, and how
far something is."""

from __future__ import annotations

import sys

from lablib.errors import LabsError
from lablib.i18n import catalogue


def report(error: LabsError, language: str) -> None:
    """One sentence that says what is wrong, and one that says what to do."""
    words = catalogue(language)
    _say(f"labs: {words.text(f'error.{error.key}', **error.params)}")
    _say(f"      {words.text(f'remedy.{error.key}', **error.params)}")


def warn(key: str, language: str, **params: str | int) -> None:
    """The sentence `warning.KEY`."""
    _say(f"labs: {catalogue(language).text(f'warning.{key}', **params)}")


def progress(line: str) -> None:
    """Writes over the line of a terminal that the last one stood in; an empty one takes it away."""
    try:
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
    except BrokenPipeError:
        pass  # nobody reads it


def _say(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except BrokenPipeError:
        pass  # nobody reads it; the exit status says the rest
