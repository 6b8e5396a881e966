"""The chapter, to be read: paragraphs, and between them the blocks of steps, tasks and questions."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Markdown

from lablib.course.model import Chapter, Prose
from tui.lesson.blocks import QuestionBlock, StepBlock, TaskBlock
from tui.lesson.reading import Reading
from tui.lesson.state import StepState, TaskState, Walk
from tui.lesson.text import for_screen, item_title
from tui.lesson.words import Words

PART = 4
"""Blocks that come before all others."""
ItemBlock = StepBlock | TaskBlock | QuestionBlock


class ProsePane(Reading):
    """A chapter's text, scrolled with the usual keys when it has the focus."""

    topic = "text"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "page_down", show=False),
        Binding("b", "page_up", show=False),
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]

    def __init__(self, title: str, chapter: Chapter, walk: Walk, words: Words) -> None:
        super().__init__(id="prose")
        self._title = title
        self.border_title = Content(title).markup
        self._blocks: dict[str, ItemBlock] = {}
        self._at = ""
        self._placed: int | None = None
        self._read_to = 0
        """The line below the last that was shown since this item is at hand."""
        self._rest = self._widgets(chapter, walk, words)

    def compose(self) -> ComposeResult:
        """The beginning of the chapter, as much as fills a screen."""
        yield from self._rest[:PART]
        self._rest = self._rest[PART:]

    async def show_rest(self) -> None:
        """Brings in what follows the beginning, and waits until it is known how long all is."""
        await self.mount_all(self._rest)
        laid_out = asyncio.Event()
        self.call_after_refresh(laid_out.set)
        await laid_out.wait()

    def _widgets(self, chapter: Chapter, walk: Walk, words: Words) -> list[Widget]:
        widgets: list[Widget] = []
        items = iter(walk.items)
        for block in chapter.blocks[words.language]:
            if isinstance(block, Prose):
                widgets.append(Markdown(for_screen(block.markdown), open_links=False))
                continue
            item = next(items)
            title = item_title(item, walk, words)
            made: ItemBlock
            if isinstance(item, StepState):
                made = StepBlock(item, words)
            elif isinstance(item, TaskState):
                made = TaskBlock(item, title, words)
            else:
                made = QuestionBlock(item, title, words)
            self._blocks[item.id] = made
            widgets.append(made)
        return widgets

    def show_place(self, number: int, total: int) -> None:
        """Says in the title how far the reader is: at item `number` of `total`."""
        self.border_title = Content(f"{self._title} · {number}/{total}").markup

    def ask(self, id: str) -> None:
        """Lets the reader choose an answer to the question called `id`."""
        block = self._blocks.get(id)
        if isinstance(block, QuestionBlock):
            block.choose()

    async def refresh_item(self, id: str) -> None:
        """Shows what has become of the item called `id`."""
        block = self._blocks.get(id)
        if isinstance(block, QuestionBlock):
            await block.show()
        elif block is not None:
            block.show()

    async def refresh_items(self) -> None:
        for id in self._blocks:
            await self.refresh_item(id)

    def go_to(self, id: str) -> None:
        """Marks the item called `id` as the one the reader is at and brings it into view. It stays there while this
        pane changes its height, until it is scrolled."""
        self._at, self._read_to = id, 0
        for name, block in self._blocks.items():
            block.set_class(name == id, "-current")
        self._place()
        self.call_after_refresh(self._place)  # this pane may have another height then

    def _place(self) -> None:
        """The item at hand comes last in view, for what was said before it is what is needed for it; but of a longer
        text since the item before, its beginning is shown."""
        block = self._blocks.get(self._at)
        if block is None or not block.is_attached:
            return
        order = list(self._blocks)
        before = order.index(self._at) - 1
        top = self._blocks[order[before]].virtual_region.bottom if before >= 0 else 0
        bottom = block.virtual_region.bottom - self.scrollable_content_region.height
        self._placed, self._read_to = max(0, min(top, bottom, self.max_scroll_y)), 0
        self.scroll_to(y=self._placed, animate=False, immediate=True)
        self._note_shown()

    @property
    def unread(self) -> bool:
        """Whether the item at hand, or what is said before it, goes on below what has been shown."""
        block = self._blocks.get(self._at)
        return block is not None and block.is_attached and 0 < self._read_to < block.virtual_region.bottom

    def read_on(self) -> None:
        """Shows the next page of it, the last line of this one at its top."""
        bottom = self._blocks[self._at].virtual_region.bottom - self.scrollable_content_region.height
        self.scroll_to(y=min(self._read_to - 1, bottom), animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if self._read_to:
            self._note_shown()
        super().watch_scroll_y(old_value, new_value)

    def _note_shown(self) -> None:
        self._read_to = max(self._read_to, round(self.scroll_y) + self.scrollable_content_region.height)
        self._tell()

    def on_resize(self) -> None:
        if self._placed is not None and round(self.scroll_y) == self._placed:
            self.call_after_refresh(self._place)
