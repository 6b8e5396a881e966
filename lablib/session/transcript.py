"""What a command printed, kept within bounds, and as plain text."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

LIMIT = 256 * 1024
"""Bytes kept of one command's output: its beginning and its end, each half."""
MAX_PAUSES = 100
PAUSE = 0.5
"""Seconds of silence from which it is part of how a command behaves; pauses are told in multiples of it."""
_GAP = "\n[…]\n"
_ACCEPTED = b"\x1b[?2004l\r"
"""What readline(3) writes when a line is taken: bracketed paste ends."""
_ERASED = r"\x1b\[0?K"
"""The rest of the line is erased (EL)."""
_SEQUENCE = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC
    rb"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    rb"|(?!" + _ERASED.encode() + rb")(?:\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b[ -/]*[0-~]?)"
    rb"|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]"
)
_MOVED = re.compile(rf"(\r|\x08|{_ERASED})")


@dataclass(frozen=True)
class Pause:
    """Nothing came for `seconds` after so many `lines`."""

    lines: int
    seconds: float


class Transcript:
    """What is seen from the typing of a command on. However much that is, `LIMIT` bytes of it are kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines = 0
        self._pauses: list[Pause] = []
        self._last = clock()
        self._head = bytearray()
        self._tail = bytearray()
        self._lost = False
        self._begun = False

    def begin(self) -> None:
        """The first command has begun: what came before is the echo of what was typed."""
        if not self._begun:
            self._begun = True
            self._head.clear()
            self._tail.clear()
            self._lost = False
            self._lines, self._last = 0, self._clock()
            self._pauses.clear()

    def add(self, data: bytes) -> None:
        self.look_at_clock()
        self._lines += data.count(b"\n")
        room = LIMIT // 2 - len(self._head)
        self._head += data[:room]
        self._tail += data[max(0, room) :]
        if len(self._tail) > LIMIT // 2:
            del self._tail[: -LIMIT // 2]
            self._lost = True

    def look_at_clock(self) -> None:
        """Notes that something has happened: output, or the end."""
        before, self._last = self._last, self._clock()
        seconds = PAUSE * round((self._last - before) / PAUSE)
        if seconds and len(self._pauses) < MAX_PAUSES:
            self._pauses.append(Pause(self._lines, seconds))

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """When it was silent, in order. Lines are counted in what `text` makes of it, but for blank ones before it."""
        return tuple(self._pauses)

    def drop_line(self) -> None:
        """Takes away the last line, which has not ended yet."""
        kept = self._tail or self._head
        del kept[kept.rfind(b"\n") + 1 :]

    def text(self) -> str:
        """As plain text: no colours, lines end as \\n, and of a line that was written over only its last form."""
        head, tail = bytes(self._head), bytes(self._tail)
        if not self._begun and _ACCEPTED in head:  # no command came to run, as with an error of syntax
            head = head.partition(_ACCEPTED)[2]
        return plain(head) + _GAP + plain(tail) if self._lost else plain(head + tail)


def plain(output: bytes) -> str:
    """`output` of a terminal as text without what moves the cursor or sets colours."""
    text = _SEQUENCE.sub(b"", output).decode("utf-8", "replace")
    return "\n".join(_last_form(line) for line in text.split("\n")).strip("\n")


def _last_form(line: str) -> str:
    """What is left of a line in which the cursor was moved back and cells were written over or erased."""
    line = line.rstrip("\r")
    cells: list[str] = []
    at = 0
    parts = _MOVED.split(line)
    if len(parts) == 1:
        return line.rstrip()
    for part in parts:
        if part == "\r":
            at = 0
        elif part == "\b":
            at = max(0, at - 1)
        elif part.startswith("\x1b"):
            del cells[at:]
        else:
            at = _put(cells, at, part)
    return "".join(cells).rstrip()


def _put(cells: list[str], at: int, text: str) -> int:
    """Writes `text` into `cells` from `at`, and says where it ends. A wide character has two cells, the second empty;
    what is left of one that is written over in part is blank."""
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF"
        end = at + 1 + wide
        if at < len(cells) and not cells[at]:
            cells[at - 1] = " "
        if end < len(cells) and not cells[end]:
            cells[end] = " "
        cells[at:end] = [character, ""] if wide else [character]
        at = end
    return at
