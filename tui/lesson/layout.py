"""Where the panes lie, by the size of the terminal."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from tui.lesson.words import Words

SMALLEST = Size(60, 16)
WIDE = 118
"""Columns from which prose and terminal stand side by side."""
TERMINAL = 81
"""Columns that the terminal has and its rule; the rest is shared out."""
PROSE = 42
"""Columns that prose keeps beside a terminal and a view."""
VIEW, MOST_OF_VIEW = 36, 76
"""Columns that a view needs to stand beside the terminal, and those that it makes something of."""
ZOOMED, VIEWING = "-zoomed", "-viewing"
"""Classes of the lesson, whose text is hidden, and of the machine's pane, which has a view."""


class Opening(Static):
    """The empty frame that is painted before the chapter is read."""

    def __init__(self, title: str) -> None:
        super().__init__(id="opening")
        self.border_title = Content(title).markup


def lay_out(screen: Screen[object], size: Size, words: Words) -> None:
    """Fits the lesson on `screen` into `size`, or asks for a larger terminal where it does not fit."""
    width, height = size
    screen.set_class(width < SMALLEST.width or height < SMALLEST.height, "-too-small")
    ask = words.screen("too_small", columns=SMALLEST.width, rows=SMALLEST.height, width=width, height=height)
    screen.query_one("#too-small", Static).update(Content(ask))
    lesson, reading = screen.query_one("#lesson"), screen.query_one("#reading")
    wide = width >= WIDE
    lesson.set_class(wide, "-wide")
    lesson.set_class(not wide, "-stacked")
    view = _view_beside(screen, width)
    if wide:  # a terminal of 80 columns and its rule come first, then a view, then prose of a comfortable width
        comfortable = 76 if view else max(37, width * 2 // 5)
        reading.styles.width = min(width - TERMINAL - view, comfortable, 76)
        reading.styles.height = "1fr"
    else:
        reading.styles.width = "1fr"
        reading.styles.height = max(6, height * 3 // 8 - 1)


def _view_beside(screen: Screen[object], width: int) -> int:
    """The columns of the live view beside the terminal; 0 where there is none, or no room for it but below."""
    machine = screen.query_one("#machine")
    prose = 0 if screen.query_one("#lesson").has_class(ZOOMED) else PROSE
    room = width - TERMINAL - prose
    beside = machine.has_class(VIEWING) and room >= VIEW
    machine.set_class(beside, "-beside")
    columns = max(VIEW, min(room * 3 // 5, MOST_OF_VIEW)) if beside else 0
    for view in screen.query("#view"):
        view.styles.width = columns or "1fr"
    return columns
