"""Selecting in a terminal, with the mouse or by keys: what is marked, and what is copied of it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.style import Style
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.terminal.copying import BEGIN, COPY, LEAVE, Copying
from tui.terminal.engine import Engine, Row


class Selecting(Widget):
    """The part of a terminal that selects."""

    _engine: Engine | None
    _rows: tuple[Row, ...]
    _back: int
    _copying: Copying | None = None

    class Turned(Message):
        """The keys select from now on, or go to the shell again."""

    class Copied(Message):
        """`text` is to be copied."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def _scroll_history(self, rows: int) -> None:
        raise NotImplementedError

    def _strip_of(self, row: Row, base: Style) -> Strip:
        raise NotImplementedError

    @property
    def topic(self) -> str:
        """What help on it is about."""
        return "copying" if self.copying else "shell"

    @property
    def copying(self) -> bool:
        """Whether the keys select."""
        return self._copying is not None

    def begin_copying(self) -> None:
        """The keys select from now on, until something is copied or the reader leaves it."""
        if self._engine is None or self._copying is not None:
            return
        self.screen.clear_selection()
        self._copying = Copying(self._engine, self.size.width, self._back)
        self.post_message(self.Turned())
        self.refresh()

    def end_copying(self) -> None:
        if self._copying is None:
            return
        self._copying = None
        self._scroll_history(-self._back)
        self.post_message(self.Turned())
        self.refresh()

    def _select_by(self, key: str) -> None:
        """What `key` does while the keys select."""
        copying = self._copying
        if copying is None:
            return
        if key in LEAVE:
            self.end_copying()
        elif key in COPY:
            text = self._cut(copying.rows(), copying.selection())
            self.end_copying()
            if text:
                self.post_message(self.Copied(text))
        elif key in BEGIN:
            copying.begin()
        else:
            copying.move(key)
        if self._copying is not None:
            self._scroll_history(copying.back - self._back)
            self.refresh()

    @property
    def _selected(self) -> Selection | None:
        """What is marked, by keys or with the mouse, in cells of the view."""
        if self._copying is None:
            return self.text_selection
        return self._copying.selection() if self._copying.begun is not None else None

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return self._cut(enumerate(self._rows), selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    def _cut(self, rows: Iterable[tuple[int, Row]], selection: Selection) -> str:
        """The text of what is selected of `rows`, each with its place in the view."""
        lines = []
        for y, row in rows:
            span = selection.get_span(y)
            if span is not None:  # counted in cells, so that wide characters are copied whole
                strip = self._strip_of(row, Style())
                lines.append(strip.crop(span[0], None if span[1] == -1 else span[1]).text.rstrip())
        return "\n".join(lines)
