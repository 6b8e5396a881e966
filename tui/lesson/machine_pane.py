"""Where the machine is seen: its terminal, or a notice while there is none."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from tui.lesson.live_view import LiveView
from tui.lesson.text import Words
from tui.terminal.widget import Terminal


class MachinePane(Container):
    def __init__(self, words: Words) -> None:
        super().__init__(id="machine", classes="-idle")
        self._words = words

    def compose(self) -> ComposeResult:
        yield Static(id="notice")
        yield Terminal(id="terminal")
        yield LiveView(self._words)

    def show_notice(self, title: str, *paragraphs: str) -> None:
        """Says why there is no terminal; empty paragraphs are left out."""
        parts = [Content.styled(title, "bold"), *(Content(text) for text in paragraphs if text)]
        self.query_one("#notice", Static).update(Content("\n\n").join(parts))
        self.add_class("-idle")

    def show_terminal(self) -> Terminal:
        self.remove_class("-idle")
        return self.query_one(Terminal)
