"""Noting that a task or a question was passed."""

from __future__ import annotations

from lablib.progress import Progress
from lablib.state import ProgressError
from labs import stderr


def note_passed(name: str, language: str) -> None:
    """Notes it for `labs list`. The verdict stands also where it cannot be noted."""
    try:
        Progress().mark_passed(name)
    except ProgressError as error:
        stderr.report(error, language)
