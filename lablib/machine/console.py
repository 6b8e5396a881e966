"""The console of a guest's kernel: what it prints, and what its keeper has to say."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence

CONSOLE_TAIL = 8192
_LAST_WORDS_SECONDS = 1.0
_LINES, _LINE = 12, 300
_TIME = re.compile(r"\[ *\d+\.\d+\] ")
_TRACE = re.compile(
    r"(\[<|[0-9a-f]{8,16}\b|Stack:|Call Trace:|(CPU|RIP|RSP|Pid|R[A-Z0-9]{2}): |\? |</?TASK>|[\w.]+\+0x|Code: )"
)
_TELLING = re.compile(r"Kernel panic|labs:|qemu-system|[Ee]rror")


class Console:
    """The guest kernel's console: only its tail is kept, however much a guest prints."""

    def __init__(self) -> None:
        self._reading_end, self.writing_end = os.pipe()
        self._tail = bytearray()
        self._lock = threading.Lock()
        self._listening: threading.Thread | None = None

    def listen(self) -> None:
        os.close(self.writing_end)
        self.writing_end = -1
        self._listening = threading.Thread(target=self._listen, name="labs-console", daemon=True)
        self._listening.start()

    def last_lines(self) -> list[str]:
        """What the guest's kernel said last, made safe to print, without the traces of its stack. Of one that is ending
        it waits for the end."""
        if self._listening is not None:
            self._listening.join(timeout=_LAST_WORDS_SECONDS)
        with self._lock:
            text = self._tail.decode(errors="replace")
        lines = (_TIME.sub("", re.sub(r"[^ -~]", "", line)).strip()[:_LINE] for line in text.splitlines())
        return [line for line in lines if line and not _TRACE.match(line)][-_LINES:]

    def close(self) -> None:
        if self.writing_end >= 0:
            os.close(self.writing_end)
            self.writing_end = -1
        if self._listening is not None:
            self._listening.join(timeout=5)
        if self._reading_end >= 0:
            os.close(self._reading_end)
            self._reading_end = -1

    def _listen(self) -> None:
        while data := os.read(self._reading_end, 65536):
            with self._lock:
                self._tail += data
                del self._tail[:-CONSOLE_TAIL]


def telling(lines: Sequence[str]) -> str:
    """Of what a kernel said last, the line that says most of why it ended."""
    return ([line for line in lines if _TELLING.search(line)] or [*lines] or [""])[-1]
