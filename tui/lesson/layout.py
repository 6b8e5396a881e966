"""Where the panes lie, by the size of the terminal."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from tui.lesson.text import Words

SMALLEST = Size(60, 16)
WIDE = 118
"""Columns from which prose and terminal stand side by side."""


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
    if wide:  # a terminal of 80 columns and its rule come first, then prose of a comfortable width
        reading.styles.width = min(width - 81, max(37, width * 2 // 5), 76)
        reading.styles.height = "1fr"
    else:
        reading.styles.width = "1fr"
        reading.styles.height = max(6, height * 3 // 8 - 1)
