"""What the reader does with the panes, whatever the lesson is about: terminals, zoom, search, live views."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tui.lesson.frame import Frame
from tui.lesson.layout import ZOOMED
from tui.lesson.machine_pane import MOST
from tui.lesson.status_bar import Focus
from tui.terminal.widget import Terminal
from tui.views import views_of

if TYPE_CHECKING:
    from tui.lesson import news
    from tui.lesson.backstage import Backstage
    from tui.lesson.search_bar import SearchBar


class Panes(Frame):
    """Keys of the shell's are left to it: those here that are letters work from the text, and the F-keys from the shell
    too, as long as no program has the whole screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "view", priority=True),
        Binding("f11", "zoom", priority=True),
        Binding("f12", "next_terminal", priority=True),
        Binding("t", "new_terminal"),
        Binding("z", "zoom"),
        Binding("slash", "search"),
        Binding("v", "copy"),
    ]
    chapter_id = ""

    @property
    def ready(self) -> bool:
        raise NotImplementedError

    @property
    def backstage(self) -> Backstage:
        raise NotImplementedError

    @property
    def live(self) -> bool:
        """Whether there is a machine to look at, and not only a recording."""
        raise NotImplementedError

    @property
    def focus_is(self) -> Focus:
        """Whom the keys go to."""
        focused = self._base.focused
        if not isinstance(focused, Terminal) or not focused.running:
            return Focus.TEXT
        if focused.copying:
            return Focus.COPYING
        return Focus.PROGRAM if focused.full_screen else Focus.SHELL

    def on_terminal_filled(self) -> None:
        self.show_status()

    def on_selecting_turned(self) -> None:
        self.show_status()

    def on_selecting_copied(self, event: Terminal.Copied) -> None:
        self.copy(event.text)

    def action_copy(self) -> None:
        """Has the keys select in the terminal that is shown."""
        if not self._pane.idle:
            self._pane.terminal.begin_copying()
            self._pane.terminal.focus()

    @property
    def terminals(self) -> int:
        """How many there are."""
        return len(self._pane.terminals)

    @property
    def may_add_terminal(self) -> bool:
        return len(self._pane.terminals) < MOST

    # -- terminals

    async def action_new_terminal(self) -> None:
        if self.ready:
            await self._pane.add_terminal(self.backstage.shell_when_up)
            self.show_status()

    async def action_next_terminal(self) -> None:
        """The next one; where there is only one, a second."""
        terminals = self._pane.terminals
        if len(terminals) == 1:
            await self.action_new_terminal()
        else:
            self.action_terminal((terminals.index(self._pane.terminal) + 1) % len(terminals))

    def action_terminal(self, number: int) -> None:
        """The one with this number, counted from 0."""
        terminals = self._pane.terminals
        if number < len(terminals):
            self._pane.turn_to(terminals[number])
            terminals[number].focus()

    def action_zoom(self) -> None:
        """The machine's pane alone, or beside the text again."""
        zoomed = self._base.query_one("#lesson").toggle_class(ZOOMED).has_class(ZOOMED)
        self.lay_out()
        if zoomed and not self._pane.idle:
            self._pane.terminal.focus()

    # -- search

    async def action_search(self) -> None:
        from tui.lesson.search_bar import SearchBar  # not before it is asked for

        if self._pane.idle:
            return
        if not self._pane.query(SearchBar):
            await self._pane.mount(SearchBar(self._words))
        self._pane.query_one(SearchBar).focus()

    async def on_search_bar_sought(self, event: SearchBar.Sought) -> None:
        found = self._pane.terminal.seek(event.text, older=event.older)
        if not event.text:
            self._pane.terminal.focus()
            await self._pane.query("#search").remove()
        elif not found:
            self.notify(self._words.screen("search_nothing"), severity="warning", markup=False, timeout=2)

    # -- live views

    @property
    def views_here(self) -> tuple[str, ...]:
        """What can be looked at live, in the order of its key."""
        return views_of(self.chapter_id)

    @property
    def viewed(self) -> str:
        """The view that is shown; empty for none."""
        return self._pane.viewed

    async def action_view(self) -> None:
        """The next view, and after the last none."""
        order = ["", *self.views_here, ""]
        await self.look_at(order[order.index(self._pane.viewed) + 1])

    async def look_at(self, view: str) -> None:
        """Empty for none."""
        await self._pane.turn_view(view, self.views_here)
        self.lay_out()
        self.look()

    def look(self) -> None:
        """Has the machine looked at by the view that is asked for."""
        viewed = self._pane.viewed if self.ready else ""
        self.backstage.view(viewed)
        if viewed and not self.live:
            self._pane.say_no_view()

    def on_seen(self, event: news.Seen) -> None:
        if event.name == self._pane.viewed:
            self._pane.show_view(event.rows)
        event.done.set()

    def on_terminal_engine_failed(self) -> None:
        self.say(self._words.screen("engine_failed"), warning=True)
