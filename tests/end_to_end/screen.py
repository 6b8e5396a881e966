"""A terminal for a whole program: pexpect holds its PTY, a terminal engine keeps its screen, a test types and looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect

from lablib.machine.base import Size
from tui.terminal.engines import ghostty

PROJECT = Path(__file__).parents[2]


class Screen:
    """Runs `argv` on a terminal of `size`."""

    def __init__(self, argv: list[str], size: Size, environment: Mapping[str, str]) -> None:
        self._program = pexpect.spawn(
            argv[0], argv[1:], dimensions=(size.rows, size.columns), env=dict(environment), cwd=str(PROJECT), timeout=1
        )
        self._engine = ghostty(size, self._answer)
        self.raw = b""

    @property
    def text(self) -> str:
        """What stands on the screen, row by row."""
        rows = ("".join(run.text for run in self._engine.runs(row)).rstrip() for row in self._engine.rows())
        return "\n".join(rows)

    def type(self, text: str) -> None:
        self._program.send(text.encode())

    def until(self, wanted: str | Callable[[str], bool], seconds: float = 60.0) -> str:
        """Waits until the screen has `wanted`; fails with the screen after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            text = self.text
            if wanted(text) if callable(wanted) else wanted in text:
                return text
            assert time.monotonic() < end, f"no {wanted!r} on the screen:\n{text}"
            self._take()

    def type_until(self, key: str, wanted: str) -> None:
        """Types `key` again and again, each time once it is seen what it did, until the screen has `wanted`."""
        while wanted not in (before := self.settled()):
            self.type(key)
            self.until(lambda text, before=before: text != before)  # type: ignore[misc]

    def settled(self, quiet: float = 0.2) -> str:
        """What stands on the screen once nothing has changed there for `quiet` seconds."""
        text, since = self.text, time.monotonic()
        while time.monotonic() - since < quiet:
            self._take()
            if self.text != text:
                text, since = self.text, time.monotonic()
        return text

    def ended(self, seconds: float = 30.0) -> int | None:
        """Waits for the end of the program; its exit status."""
        end = time.monotonic() + seconds
        while self._take():
            assert time.monotonic() < end, f"still running:\n{self.text}"
        self._program.close()
        status: int | None = self._program.exitstatus
        return status

    def close(self) -> None:
        self._program.close(force=True)
        self._engine.close()

    def _take(self) -> bool:
        """Takes what came; False at the end."""
        try:
            data = self._program.read_nonblocking(65536, 0.1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        self._engine.feed(data)
        return True

    def _answer(self, data: bytes) -> None:
        self._program.send(data)
