"""The terminal emulators there are to choose from."""

from __future__ import annotations

from lablib.machine.base import Size
from tui.terminal.engine import Engine, Reply


def ghostty(size: Size, reply: Reply) -> Engine:
    """The engine we use. Imports it, which takes about 0.1 s: never before the first paint."""
    from tui.terminal.ghostty import GhosttyEngine

    return GhosttyEngine(size, reply)


def read_ahead() -> None:
    """Imports the engine in a thread while the machine starts, so that the shell need not wait for it."""
    import tui.terminal.ghostty  # noqa: F401
