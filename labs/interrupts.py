"""Being ended before the work is done."""

from __future__ import annotations

import signal


def end_as_by_ctrl_c() -> None:
    """From now on a terminal that is closed and kill(1) end a command as Ctrl-C does: what it started ends with it."""
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
