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
        self._line = ""
        self._placed = 0

    def compose(self) -> ComposeResult:
        yield Markdown(open_links=False)

    async def show(self, markdown: str) -> None:
        await self.query_one(Markdown).update(markdown)

    def scroll_to_line(self, line: str) -> None:
        """Shows the block that begins with the line `line` of the Markdown as the last one in view: what was said
        before it is what is needed for it. It stays there while this pane changes its height, until it is scrolled."""
        self._line = line
        markdown = self.query_one(Markdown)
        for block in markdown.query(MarkdownBlock):
            if (block.source or "").startswith(line):
                bottom = markdown.virtual_region.y + block.virtual_region.bottom
                self._placed = min(max(0, bottom - self.scrollable_content_region.height), self.max_scroll_y)
                self.scroll_to(y=self._placed, animate=False)
                return

    def on_resize(self) -> None:
        if self._line and round(self.scroll_y) == self._placed:
            self.call_after_refresh(self.scroll_to_line, self._line)
