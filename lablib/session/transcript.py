"""What a command printed, kept within bounds, and as plain text."""

from __future__ import annotations

import re

LIMIT = 256 * 1024
"""Bytes kept of one command's output: its beginning and its end, each half."""
_GAP = "\n[…]\n".encode()
_SEQUENCE = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC
    rb"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    rb"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b[ -/]*[0-~]"
    rb"|[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]"
)


class Transcript:
    """Output as it comes. However much that is, `LIMIT` bytes of it are kept."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._lost = False

    def clear(self) -> None:
        self._head.clear()
        self._tail.clear()
        self._lost = False

    def add(self, data: bytes) -> None:
        room = LIMIT // 2 - len(self._head)
        self._head += data[:room]
        self._tail += data[max(0, room) :]
        if len(self._tail) > LIMIT // 2:
            del self._tail[: -LIMIT // 2]
            self._lost = True

    def text(self) -> str:
        """As plain text: no colours, lines end as \\n, and of a line that was written over only its last form."""
        return plain(bytes(self._head) + (_GAP if self._lost else b"") + bytes(self._tail))


def plain(output: bytes) -> str:
    """`output` of a terminal as text without what moves the cursor or sets colours."""
    text = _SEQUENCE.sub(b"", output).decode("utf-8", "replace")
    lines = re.sub(r"\r+\n", "\n", text).split("\n")
    return "\n".join(_last_form(line) for line in lines).strip("\n")


def _last_form(line: str) -> str:
    """What is left of a line in which carriage returns and backspaces moved the cursor."""
    if "\r" not in line and "\b" not in line:
        return line.rstrip()
    cells: list[str] = []
    at = 0
    for character in line:
        if character == "\r":
            at = 0
        elif character == "\b":
            at = max(0, at - 1)
        else:
            cells[at : at + 1] = [character]
            at += 1
    return "".join(cells).rstrip()
