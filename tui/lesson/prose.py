"""The chapter, to be read."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownBlock


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

    def scroll_to_line(self, line: str) -> None:
        """Brings the block that begins with the line `line` of the Markdown into view."""
        for block in self.query(MarkdownBlock):
            if (block.source or "").startswith(line):
                self.scroll_to_widget(block, animate=False, center=True)
                return
