"""Errors a user can meet: a key for the sentence and its remedy, rendered at the edge in the user's language.

`lablib/messages/*.toml` holds `error.KEY` (what is wrong) and `remedy.KEY` (what to do about it).
"""

from __future__ import annotations


class LabsError(Exception):
    """Something a user can understand and mend. `key` names the sentence, `params` fill it."""

    def __init__(self, key: str, **params: str | int) -> None:
        super().__init__(key + (f" {params}" if params else ""))
        self.key = key
        self.params = {name: str(value) for name, value in params.items()}


class UsageError(LabsError):
    """What was asked for does not exist or makes no sense: exit code 2."""


class MachineError(LabsError):
    """A machine cannot be had, or was lost: exit code 3."""


class ContentError(LabsError):
    """Content is broken; `params["where"]` is `file:line`."""
