"""The line in which one says what to look for in the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from tui.lesson.words import Words


class SearchBar(Input):
    """There while one searches; Enter and Up find older text, Down newer, Escape ends it."""

    topic = "search"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,up", "look(True)", show=False),
        Binding("down", "look(False)", show=False),
        Binding("escape", "leave_search", show=False),
    ]

    @dataclass
    class Sought(Message):
        """`text` is to be found; empty ends the search."""

        text: str
        older: bool = True

    def __init__(self, words: Words) -> None:
        super().__init__(placeholder=words.screen("search_how"), id="search", compact=True)

    def action_look(self, older: bool) -> None:
        if self.value:
            self.post_message(self.Sought(self.value, older))

    def action_leave_search(self) -> None:
        self.post_message(self.Sought(""))
