"""What a terminal emulator must offer to be shown here. Engines know bytes and cells; they know no widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lablib.machine.base import Size

HISTORY = 10_000
"""Rows that scrolled off the top and are kept."""

APPLICATION_CURSOR_KEYS = 1
MOUSE_BUTTONS = 1000
MOUSE_DRAG = 1002
MOUSE_MOTION = 1003
FOCUS_REPORTS = 1004
MOUSE_SGR = 1006
BRACKETED_PASTE = 2004
SYNCHRONIZED_OUTPUT = 2026


@dataclass(frozen=True)
class Cursor:
    """Where the cursor stands, in cells from the top left."""

    x: int
    y: int
    visible: bool


@dataclass(frozen=True)
class Run:
    """Cells of one row with one look. `sgr` is the parameters of ECMA-48 SGR that make it, empty for the default."""

    text: str
    sgr: str


Row = str
"""A row as its engine spells it: hashable, and equal exactly when two rows look the same. `runs` reads it."""


class Engine(Protocol):
    """A terminal emulator. Nothing it does reaches any terminal but its own cells."""

    def feed(self, data: bytes) -> None:
        """Interprets output of a program. What the terminal answers goes to the `Reply` the engine was made with."""

    def resize(self, size: Size) -> None: ...

    def rows(self, back: int = 0) -> Sequence[Row]:
        """The rows on screen, or those `back` rows earlier in the history; always as many as the screen has."""

    def runs(self, row: Row) -> Sequence[Run]: ...

    def mode(self, number: int) -> bool:
        """Whether a DEC private mode is set."""

    def close(self) -> None: ...

    @property
    def cursor(self) -> Cursor: ...

    @property
    def scrollback(self) -> int:
        """Rows of history above the screen."""

    @property
    def alternate(self) -> bool:
        """Whether a full-screen program has the alternate screen."""


Reply = Callable[[bytes], None]
EngineFactory = Callable[[Size, Reply], Engine]
