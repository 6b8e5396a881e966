"""Where the machine is seen: its terminal with a live view below, or a notice while there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from tui.lesson.words import Words
from tui.terminal.widget import Terminal

if TYPE_CHECKING:
    from lablib.machine.seen import Rows


class MachinePane(Container):
    def __init__(self, words: Words) -> None:
        super().__init__(id="machine", classes="-idle")
        self._words = words
        self._viewed = ""

    def compose(self) -> ComposeResult:
        yield Static(id="notice")
        yield Terminal(id="terminal")

    @property
    def terminal(self) -> Terminal:
        return self.query_one(Terminal)

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
        """The terminal, empty and with the focus: for the shell of a machine that has just come up."""
        self.remove_class("-idle")
        self.terminal.clear()
        self.terminal.focus()
        return self.terminal

    def say_ended(self, event: Terminal.Ended) -> None:
        """Says below what a shell left how it ended, and how to have another."""
        if event.error is not None:
            said = self._words.screen("shell_failed", error=" ".join(self._words.error(event.error)))
        elif event.status is None:
            said = self._words.screen("ended_unknown")
        else:
            said = self._words.screen("ended", status=event.status)
        self.terminal.say(said)

    @property
    def viewed(self) -> str:
        """The view that is asked for; empty for none."""
        return self._viewed

    async def turn_view(self, views: tuple[str, ...]) -> None:
        """To the next of `views`, and after the last to none."""
        from tui.views.pane import LiveView  # not before it is asked for

        if not self.query(LiveView):
            await self.mount(LiveView(self._words))
        order = ["", *views, ""]
        at = order.index(self._viewed) + 1 if self._viewed in order else 0
        self._viewed = order[at]
        self.set_class(bool(self._viewed), "-viewing")
        if self._viewed:
            more = f" · {at}/{len(views)}" if len(views) > 1 else ""
            self.query_one(LiveView).turn_to(self._viewed, more)

    def show_view(self, rows: Rows) -> None:
        from tui.views.pane import LiveView

        for view in self.query(LiveView):
            view.show(rows)

    def say_no_view(self) -> None:
        """In place of a view: there is no machine to look at."""
        from tui.views.pane import LiveView

        for view in self.query(LiveView):
            view.say("view_replay")
