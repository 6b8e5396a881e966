"""Programs on a PTY, for measuring what a user would see and when."""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect

PROJECT = Path(__file__).resolve().parents[1]
_SEQUENCE = re.compile(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]")
COLUMNS, ROWS = 120, 40


class Watched:
    """A program whose output is taken as it comes. It answers no questions of a terminal's, as a slow one would not."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._home = tempfile.TemporaryDirectory()
        state = {"XDG_STATE_HOME": self._home.name, "XDG_DATA_HOME": self._home.name, "LANG": "C.UTF-8"}
        env = {**os.environ, "TERM": "xterm-256color", **state, **(environment or {})}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # what runs a second time is compiled
        self.began = time.perf_counter()
        self._child = pexpect.spawn(
            argv[0], list(argv[1:]), dimensions=(ROWS, COLUMNS), env=env, cwd=str(PROJECT), preexec_fn=_heed_ctrl_c
        )
        self._child.delaybeforesend = None
        self._seen = b""
        self.bytes = 0

    def until(self, wanted: str | Callable[[str], bool], seconds: float = 60.0) -> float:
        """Waits until the text that has come since the last call has `wanted`; the time then, on perf_counter."""
        end = time.perf_counter() + seconds
        while True:
            text = _SEQUENCE.sub(b"", self._seen).decode("utf-8", "replace")
            if wanted(text) if callable(wanted) else wanted in text:
                now = time.perf_counter()
                self._seen = b""
                return now
            if time.perf_counter() > end:
                raise SystemExit(f"{wanted!r} did not come; the last was {text[-500:]!r}")
            try:
                data = self._child.read_nonblocking(1 << 20, 1)
            except pexpect.TIMEOUT:
                continue
            self.bytes += len(data)
            self._seen = (self._seen + data)[-200_000:]

    @property
    def cpu_seconds(self) -> float:
        """What the program itself has used so far: utime and stime of proc_pid_stat(5)."""
        fields = Path(f"/proc/{self._child.pid}/stat").read_text("ascii").rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rest(self, seconds: float) -> None:
        """Takes what comes for so long, or until the program ends."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            try:
                self._seen = (self._seen + self._child.read_nonblocking(1 << 20, left))[-200_000:]
            except (pexpect.TIMEOUT, pexpect.EOF):
                break
        self._seen = b""

    def type(self, text: str) -> float:
        """Types `text`; the time then."""
        self._child.send(text)
        return time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)
        self._home.cleanup()


def _heed_ctrl_c() -> None:
    """What a shell starts in the background ignores SIGINT, and so does all that this starts in turn."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]
