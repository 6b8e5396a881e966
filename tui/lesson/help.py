"""The help that lies over the lesson: what the part of the screen that has the focus is for, and all keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui.lesson.words import Words

ALONE = ("map", "palette")
"""Topics of which the keys of the lesson are no part."""


def topic_of(screen: ModalScreen[object] | Widget) -> str:
    """What `screen` is about where it has the focus: a widget of ours, or the screen itself, says its `topic`."""
    focused = getattr(screen, "focused", None) or screen
    topics = (getattr(node, "topic", "") for node in focused.ancestors_with_self)
    return next(filter(None, topics), "")


class Help(ModalScreen[None]):
    DEFAULT_CSS = """
    Help { align: center middle; background: $background 60%; }
    #help {
        width: 76; max-width: 96%; height: auto; max-height: 90%; padding: 1 2;
        background: $surface; border: round $primary; border-title-color: $primary;
    }
    #topic { margin: 0 0 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape,f1,q,enter", "dismiss")]

    def __init__(self, words: Words, topic: str = "") -> None:
        """`topic` is what comes first, before the keys that work everywhere."""
        super().__init__()
        self._words = words
        self._topic = topic

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as box:
            box.border_title = Content(self._words.screen("help_title")).markup
            box.border_subtitle = Content(self._words.screen("help_close")).markup
            if self._topic:
                yield Static(Content(self._words.screen(f"help_{self._topic}")), id="topic")
            if self._topic not in ALONE:
                yield Static(Content(self._words.screen("help")))
