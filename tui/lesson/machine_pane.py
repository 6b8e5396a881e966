"""Where the machine is seen: its terminal with a live view below, or a notice while there is none."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from lablib.machine.base import CgroupRow
from tui.lesson.live_view import LiveView
from tui.lesson.words import Words
from tui.terminal.widget import Terminal


class MachinePane(Container):
    def __init__(self, words: Words) -> None:
        super().__init__(id="machine", classes="-idle")
        self._words = words

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
    def viewing(self) -> bool:
        """Whether the live view is asked for."""
        return self.has_class("-viewing")

    def toggle_view(self) -> None:
        if not self.query(LiveView):
            self.mount(LiveView(self._words))
        self.toggle_class("-viewing")

    def show_view(self, rows: Sequence[CgroupRow]) -> None:
        for view in self.query(LiveView):
            view.show(rows)
