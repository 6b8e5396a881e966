"""How far the lesson's machine has come."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    BOOTING = auto()
    READY = auto()
    FAILED = auto()
    CLOSING = auto()
