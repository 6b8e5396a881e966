"""The engine on libghostty-vt, through pyghostty 0.1.3 (pinned exactly: both are young)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lablib.machine.base import Size
from tui.terminal.declarations import import_pyghostty
from tui.terminal.engine import HISTORY, Cursor, Reply, Row, Run

_pyghostty = import_pyghostty()
Terminal = _pyghostty.Terminal
check, ffi, lib = _pyghostty._ffi.check, _pyghostty._ffi.ffi, _pyghostty._ffi.lib
init_sized, read_buf = _pyghostty.core.init_sized, _pyghostty.core.read_buf

HISTORY_BYTES = 16 << 20
"""libghostty keeps history up to this size; its default of 10 kB would come before the limit in rows."""
MIN_SIDE, MAX_SIDE = 2, 1000
_SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x1f\x7f-\x9f]")
_KITTY_KEYBOARD = re.compile(rb"\x1b\[\?\d+u")


class GhosttyEngine:
    """Rows come from libghostty's formatter as text with SGR sequences: one call a frame, about 0.1 ms at 120x40."""

    def __init__(self, size: Size, reply: Reply) -> None:
        self._reply = reply
        self._size = _usable(size)
        self._terminal: Any = Terminal(self._size.columns, self._size.rows, scrollback=HISTORY)
        self._terminal.on_reply(self._answer)
        self._set("SCROLLBACK_MAX_BYTES", "size_t", HISTORY_BYTES)
        # A program could otherwise make us hold, and with some media open, image files of this machine.
        self._set("KITTY_IMAGE_STORAGE_LIMIT", "uint64_t", 0)
        self._options = init_sized("GhosttyFormatterTerminalOptions")
        self._options.emit = lib.GHOSTTY_FORMATTER_FORMAT_VT
        self._options.unwrap = self._options.trim = False
        self._selection = init_sized("GhosttySelection")
        self._options.selection = self._selection

    def feed(self, data: bytes) -> None:
        self._terminal.feed(data)

    def resize(self, size: Size) -> None:
        self._size = _usable(size)
        self._terminal.resize(self._size.columns, self._size.rows)

    def rows(self, back: int = 0) -> Sequence[Row]:
        first = max(0, self.scrollback - back)
        last = first + self._size.rows - 1
        found = self._format(first, last).split("\r\n")
        found += [""] * (self._size.rows - len(found))
        return found[: self._size.rows]

    def runs(self, row: Row) -> Sequence[Run]:
        runs: list[Run] = []
        sgr, at = "", 0
        for sequence in _SEQUENCE.finditer(row):
            if sequence.start() > at:
                runs.append(Run(row[at : sequence.start()], sgr))
            at = sequence.end()
            parameters = sequence.group(1)
            if parameters is not None:
                sgr = "" if parameters in ("", "0") else f"{sgr};{parameters}" if sgr else parameters
        if at < len(row):
            runs.append(Run(row[at:], sgr))
        return runs

    def mode(self, number: int) -> bool:
        return bool(self._terminal.mode(number))

    def close(self) -> None:
        self._terminal.close()

    @property
    def cursor(self) -> Cursor:
        x, y = self._terminal.cursor
        return Cursor(x, y, bool(self._terminal.get("cursor_visible", "bool")))

    @property
    def scrollback(self) -> int:
        return int(self._terminal.get("scrollback_rows", "size_t"))

    @property
    def alternate(self) -> bool:
        return bool(self._terminal.get("active_screen", "GhosttyTerminalScreen"))

    def _answer(self, data: bytes) -> None:
        # Keys are sent in the legacy encoding, so a program must not be told that kitty's protocol is spoken here.
        kept = _KITTY_KEYBOARD.sub(b"", data)
        if kept:
            self._reply(kept)

    def _set(self, option: str, kind: str, value: int) -> None:
        number = getattr(lib, f"GHOSTTY_TERMINAL_OPT_{option}")
        check(lib.ghostty_terminal_set(self._terminal._t[0], number, ffi.new(f"{kind}*", value)), option)

    def _format(self, first: int, last: int) -> str:
        self._selection.start = self._terminal.ref(0, first, "screen")[0]
        self._selection.end = self._terminal.ref(self._size.columns - 1, last, "screen")[0]
        formatter = ffi.new("GhosttyFormatter*")
        made = lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, self._terminal._t[0], self._options[0])
        check(made, "formatter")
        try:
            text: str = read_buf(lambda *buffer: lib.ghostty_formatter_format_buf(formatter[0], *buffer))
        finally:
            lib.ghostty_formatter_free(formatter[0])
        return text


def _usable(size: Size) -> Size:
    """`size` kept to what libghostty holds well: a side of one cell leaves no room for a wide character."""
    return Size(*(min(MAX_SIDE, max(MIN_SIDE, side)) for side in (size.columns, size.rows)))
