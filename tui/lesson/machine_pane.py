"""Where the machine is seen: its terminal with a live view beside or under it, or a notice while there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from tui.lesson.layout import VIEWING
from tui.lesson.words import Words
from tui.terminal.pump import OpenShell
from tui.terminal.widget import Terminal

if TYPE_CHECKING:
    from lablib.machine.seen import Rows

MOST = 9
"""Terminals."""


class MachinePane(Container):
    def __init__(self, words: Words) -> None:
        super().__init__(id="machine", classes="-idle")
        self._words = words
        self._viewed = ""

    def compose(self) -> ComposeResult:
        yield Static(id="notice")
        yield Static(id="tabs")
        yield Terminal(id="terminal")

    @property
    def first(self) -> Terminal:
        """The one that steps are typed into."""
        return self.query_one("#terminal", Terminal)

    @property
    def terminals(self) -> list[Terminal]:
        """All of them, in the order they were opened."""
        return list(self.query(Terminal))

    @property
    def terminal(self) -> Terminal:
        """The one that is shown."""
        return next((one for one in self.terminals if one.display), self.first)

    def turn_to(self, terminal: Terminal) -> None:
        """Shows `terminal` in place of the one that is shown, with the focus if that had it."""
        had_focus = any(one.has_focus for one in self.terminals)
        for one in self.terminals:
            one.display = one is terminal
        if had_focus:
            terminal.focus()
        self._show_tabs()

    async def add_terminal(self, open_shell: OpenShell) -> None:
        """One more, shown and with the focus; there are at most MOST."""
        if len(self.terminals) == MOST:
            return
        terminal = Terminal()
        await self.mount(terminal, after=self.terminals[-1])
        self.turn_to(terminal)
        terminal.focus()
        terminal.start(open_shell)

    async def remove_terminal(self, terminal: Terminal) -> None:
        """Takes one away that is not the first; the one before it is shown then."""
        there = self.terminals
        if terminal in there[1:]:
            if terminal.display:
                self.turn_to(there[there.index(terminal) - 1])
            await terminal.remove()
            self._show_tabs()

    def _show_tabs(self) -> None:
        terminals = self.terminals
        tabs = self.query_one("#tabs", Static)
        tabs.display = len(terminals) > 1
        parts: list[Content] = []
        for number, one in enumerate(terminals):
            style = f"{'bold reverse ' if one.display else ''}@click=app.terminal({number})"
            parts.append(Content.from_markup(f"[{style}] {number + 1} [/] "))
        tabs.update(Content("").join(parts))

    @property
    def idle(self) -> bool:
        """Whether there is no terminal to type in."""
        return self.has_class("-idle")

    def show_notice(self, title: str, *paragraphs: str) -> None:
        """Says why there is no terminal: `title` is the key of a sentence; empty paragraphs are left out."""
        head = Content.styled(self._words.screen(title), "bold")
        parts = [head, *(Content(text) for text in paragraphs if text)]
        self.query_one("#notice", Static).update(Content("\n\n").join(parts))
        self.add_class("-idle")

    def show_terminal(self) -> Terminal:
        """The first terminal, empty and with the focus: for the shell of a machine that has just come up. There is no
        other then."""
        self.remove_class("-idle")
        for one in self.terminals[1:]:
            one.remove()
        self.turn_to(self.first)
        self.query_one("#tabs").display = False
        self.first.clear()
        self.first.focus()
        return self.first

    def stop(self) -> None:
        """Hangs up everywhere."""
        for one in self.terminals:
            one.stop()

    def say_ended(self, event: Terminal.Ended) -> None:
        """Says below what a shell left how it ended, and how to have another."""
        if event.error is not None:
            said = self._words.screen("shell_failed", error=" ".join(self._words.error(event.error)))
        elif event.status is None:
            said = self._words.screen("ended_unknown")
        else:
            said = self._words.screen("ended", status=event.status)
        event.terminal.say(said)

    @property
    def viewed(self) -> str:
        """The view that is asked for; empty for none."""
        return self._viewed

    async def turn_view(self, view: str, views: tuple[str, ...]) -> None:
        """To `view`, one of `views`; to none where it is empty."""
        from tui.views.pane import LiveView  # not before it is asked for

        if not self.query(LiveView):
            await self.mount(LiveView(self._words))
        self._viewed = view
        self.set_class(bool(view), VIEWING)
        if view:
            more = f" · {views.index(view) + 1}/{len(views)}" if len(views) > 1 else ""
            self.query_one(LiveView).turn_to(view, more)

    def show_anew(self) -> None:
        """Shows the view again, in the colours and the language there are now."""
        from tui.views.pane import LiveView

        for view in self.query(LiveView):
            view.show_anew()

    def show_view(self, rows: Rows) -> None:
        from tui.views.pane import LiveView

        for view in self.query(LiveView):
            view.show(rows)

    def say_no_view(self) -> None:
        """In place of a view: there is no machine to look at."""
        from tui.views.pane import LiveView

        for view in self.query(LiveView):
            view.say("view_replay")
