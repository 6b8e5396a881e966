"""The chapter on the screen: its prose, the card of the task at hand, and the item at hand in a line."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.screen import Screen

from lablib.course.model import Chapter
from tui.lesson.item_line import ItemLine
from tui.lesson.prose import ProsePane
from tui.lesson.state import Item, QuestionState, TaskState, Walk
from tui.lesson.task_card import TaskCard
from tui.lesson.text import item_title
from tui.lesson.words import Words
from tui.terminal.widget import Terminal

PAUSE = 0.02
"""Seconds in which the beginning of the text is painted, before the rest is brought in."""
LARGE = "-card-large"
STYLES = Path(__file__).parent / "page.tcss"


class Page:
    """Takes the place of the empty frame that is painted first."""

    def __init__(self, screen: Screen[object], chapter: Chapter, walk: Walk, words: Words) -> None:
        self._screen = screen
        self._chapter = chapter
        self._walk = walk
        self._words = words
        self._card = TaskCard(words)
        self._line = ItemLine(words)
        self.is_open = False

    async def open(self, title: str) -> None:
        """Brings the panes in and shows the chapter at the item at hand."""
        stylesheet = self._screen.app.stylesheet
        stylesheet.read(STYLES)
        stylesheet.parse()
        self._prose = ProsePane(title, self._chapter, self._walk, self._words)
        self._lesson = self._screen.query_one("#lesson")
        reading = self._screen.query_one("#reading")
        await reading.mount(self._prose, before="#tip")
        await self._screen.query_one("#opening").remove()
        await asyncio.sleep(PAUSE)
        await reading.mount(self._card, before="#tip")
        await self._lesson.mount(self._line, before="#machine")
        await self._show_item()
        await self._prose.show_rest()
        if self._walk.item is not None:
            self._prose.go_to(self._walk.item.id)
        self.is_open = True

    async def show(self, item: Item) -> None:
        """Shows what has become of `item`."""
        await self._prose.refresh_item(item.id)
        if item is self._walk.item:
            await self._show_item()

    async def turn_to(self, item: Item) -> None:
        """Brings `item` before the reader."""
        self._lesson.remove_class(LARGE)
        await self._show_item()
        self._prose.go_to(item.id)

    async def show_anew(self) -> None:
        """Shows everything again, in the colours there are now."""
        await self._prose.refresh_items()
        await self._show_item()

    async def tell_anew(self, title: str) -> None:
        """Shows everything again, in the language there is now."""
        focused = self._prose.has_focus
        await self._prose.remove()
        self._prose = ProsePane(title, self._chapter, self._walk, self._words)
        await self._screen.query_one("#reading").mount(self._prose, before=self._card)
        self._card.forget()
        await self._show_item()
        await self._prose.show_rest()
        if self._walk.item is not None:
            self._prose.go_to(self._walk.item.id)
        if focused:
            self.focus()

    def ask(self, state: QuestionState) -> None:
        """Lets the reader choose an answer."""
        self._prose.ask(state.id)

    @property
    def unread(self) -> bool:
        """Whether there is more to read about the item at hand than has been shown: its text, or the card of a task."""
        item = self._walk.item
        return self._prose.unread or (isinstance(item, TaskState) and not item.done and self._card.unread)

    def read_on(self) -> None:
        """Shows the next page of it."""
        if self._prose.unread:
            self._prose.read_on()
        elif self._card.display:
            self._card.scroll_page_down(animate=False)
        else:
            self.enlarge_card()

    def enlarge_card(self) -> None:
        self._lesson.add_class(LARGE)

    def toggle_card(self) -> None:
        in_terminal = isinstance(self._screen.focused, Terminal)
        self._lesson.toggle_class(LARGE)
        if not in_terminal:  # the pane that had the focus may be hidden now
            self._screen.call_after_refresh(self.focus)

    def focus(self) -> None:
        """Gives the focus to the prose, or to the card where it stands in the prose's place; at once, for the next key
        may be there already."""
        self._screen.set_focus(self._prose if self._prose.display else self._card)

    async def _show_item(self) -> None:
        item = self._walk.item
        self._lesson.set_class(isinstance(item, TaskState), "-at-task")
        title = item_title(item, self._walk, self._words) if item else self._words.screen("no_tasks")
        self._line.show(item, title)
        if item is not None:
            self._prose.show_place(self._walk.at + 1, len(self._walk.items))
        if isinstance(item, TaskState):
            await self._card.show(item, title)
