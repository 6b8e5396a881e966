"""How a build says how far it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """What a build does, in this order. Those that an earlier build finished are left out."""

    FIND = "find"
    """Asks the mirror which sources there are."""
    DOWNLOAD = "download"
    UNPACK = "unpack"
    CONFIGURE = "configure"
    COMPILE = "compile"
    TEST = "test"
    INSTALL = "install"


class Report(Protocol):
    """Who is told."""

    def stage(self, stage: Stage, total: int = 0) -> None:
        """`stage` begins, of `total` bytes to fetch or files to compile; 0 where that is not known."""

    def done(self, count: int) -> None:
        """So much of the stage's total is done."""

    def note(self, key: str, **params: str) -> None:
        """Something to know that stops nothing: the sentence `guest.KEY`."""
