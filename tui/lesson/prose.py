"""The chapter, to be read."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Markdown


class Prose(VerticalScroll):
    """A chapter's text, scrolled with the usual keys when it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "page_down", show=False),
        Binding("b", "page_up", show=False),
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]

    def __init__(self, title: str) -> None:
        super().__init__(id="prose")
        self.border_title = Content(title).markup

    def compose(self) -> ComposeResult:
        yield Markdown(open_links=False)

    async def show(self, markdown: str) -> None:
        await self.query_one(Markdown).update(markdown)
