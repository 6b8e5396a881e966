"""The lesson's frame, which is painted first: where the panes are, how they look, and how large they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import Static

from tui.lesson.layout import Opening, lay_out
from tui.lesson.looks import Looks
from tui.lesson.machine_pane import MachinePane
from tui.lesson.status_bar import StatusBar
from tui.lesson.words import Words

TOLD_SECONDS = 15.0
_GONE = 0.2
"""Seconds after which a notice whose time is over has been taken away."""


class Frame(Looks[None]):
    """Empty panes for a chapter called `title` and its machine."""

    CSS_PATH = Path(__file__).parent / "frame.tcss"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, title: str, words: Words) -> None:
        super().__init__()
        self._title = title
        self._words = words

    @property
    def words(self) -> Words:
        return self._words

    def compose(self) -> ComposeResult:
        with Container(id="lesson", classes="-stacked"):
            with Vertical(id="reading"):
                yield Opening(self._title)
                yield Static(id="tip")
            yield MachinePane(self._words)
        yield StatusBar(self._words)
        yield Static(id="too-small")

    @property
    def _base(self) -> Screen[object]:
        """The screen of the lesson, whatever lies over it."""
        return self.screen_stack[0]

    @property
    def _pane(self) -> MachinePane:
        return self._base.query_one(MachinePane)

    def on_resize(self, event: events.Resize) -> None:
        lay_out(self._base, event.size, self._words)
        self.show_status()

    def lay_out(self) -> None:
        """Fits the panes into the screen as it is, once one has come or gone."""
        lay_out(self._base, self.size, self._words)

    def show_status(self) -> None:
        """Says in the last line how things stand."""

    def on_text_selected(self) -> None:
        if text := self.screen.get_selected_text():
            self.copy(text)

    def copy(self, text: str) -> None:
        """Gives `text` to the reader's own terminal for its clipboard (OSC 52)."""
        self.copy_to_clipboard(text)
        self.notify(self._words.screen("copied"), markup=False, timeout=2)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """As ever; what the notice covered is painted again once it is gone, which does not always come by itself where
        nothing else of the screen has changed."""
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)
        self.set_timer((timeout or self.NOTIFICATION_TIMEOUT) + _GONE, self._base.refresh)

    def say(self, sentence: str, *, warning: bool = False) -> None:
        """Says `sentence` for some seconds over what lies there."""
        self.notify(sentence, severity="warning" if warning else "information", markup=False)

    def tell(self, sentence: str) -> bool:
        """Tells `sentence` for longer, below the text; False while something else is being told."""
        tip = self._base.query_one("#tip", Static)
        if tip.display:
            return False
        tip.update(Content(sentence))
        tip.display = True
        self.set_timer(TOLD_SECONDS, partial(setattr, tip, "display", False))
        return True
