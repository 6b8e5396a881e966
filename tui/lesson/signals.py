"""Signals that end the lesson: asked to end, it closes as by its key; its terminal gone, it goes without a word."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from types import FrameType

from tui.threads import start


class Signals:
    """Heeds SIGTERM and SIGHUP from now on until `restore`. For the main thread, with its event loop running."""

    def __init__(self, leave: Callable[[int], None], close: Callable[[], None]) -> None:
        """`leave` is called in the event loop with the number of SIGTERM; `close` takes the machine away from any
        thread."""
        self._close = close
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leave, signal.SIGTERM)
        self._hang_up_before = signal.signal(signal.SIGHUP, self._hang_up)

    def restore(self) -> None:
        signal.signal(signal.SIGHUP, self._hang_up_before)

    def _hang_up(self, number: int, _frame: FrameType | None) -> None:
        """The terminal is gone: there is nothing to restore or to say, and whatever still waits to write to it, the
        event loop included, may wait for ever. So a thread takes the machine away and ends the process."""

        def end() -> None:
            try:
                self._close()
            finally:
                os._exit(128 + number)

        start("hang-up", end)
