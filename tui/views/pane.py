"""The pane of a live view, beside or under the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from time import monotonic

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from lablib.machine.seen import Rows
from tui.lesson.words import Words
from tui.views import cgroups, overlays, processes
from tui.views.changes import Changes
from tui.views.look import Look

RENDERERS: Mapping[str, Callable[[Rows, Changes, Look], Iterator[Text]]] = {
    "namespaces": processes.namespaces,
    "cgroups": cgroups.lines,
    "seccomp": processes.seccomp,
    "overlayfs": overlays.lines,
}
"""The views there are, each called as the chapter that it is of."""
LEGENDS = ("namespaces", "overlayfs")
"""Views whose signs are not of themselves clear."""
NOTHING = {"overlayfs": "view_no_overlay"}
"""What is said where there is nothing to see."""
_FADE = 0.5
MAX_LINES = 400


class LiveView(VerticalScroll):
    """One view, empty until the machine has said something."""

    topic = "view"

    def __init__(self, words: Words) -> None:
        super().__init__(id="view")
        self._words = words
        self._view = self._more = ""
        self._rows: Rows = {}
        self._changes = Changes()

    def compose(self) -> ComposeResult:
        yield Static(id="rows")

    def on_mount(self) -> None:
        self.set_interval(_FADE, self._fade)

    def turn_to(self, name: str, more: str) -> None:
        """Shows the view `name` from now on, and `more` in the title; nothing of it is there yet."""
        self._view, self._more, self._rows, self._changes = name, more, {}, Changes()
        self._show_title()
        self.query_one("#rows", Static).update("")

    def show_anew(self) -> None:
        """Shows the same again, in the colours and the language there are now."""
        if self._view:
            self._show_title()
        if self._rows:
            self._draw()

    def _show_title(self) -> None:
        self.border_title = Content(f"{self._words.screen(f'view_{self._view}')}{self._more}").markup
        legend = self._words.screen(f"legend_{self._view}") if self._view in LEGENDS else ""
        self.border_subtitle = Content(legend).markup

    def say(self, key: str) -> None:
        """A sentence in place of rows."""
        self.query_one("#rows", Static).update(self._words.screen(key))

    def show(self, rows: Rows) -> None:
        self._rows = rows
        self._changes.take(rows, monotonic())
        self._draw()

    def _fade(self) -> None:
        """What was fresh is so no more."""
        if self._changes.any:
            self._changes.look(monotonic())
            self._draw()

    def on_resize(self) -> None:
        self.show_anew()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        look = Look(self._words, self.app.theme_variables, width)
        lines = list(RENDERERS[self._view](self._rows, self._changes, look))
        if (more := len(lines) - MAX_LINES) > 0:
            lines[MAX_LINES:] = [look.muted(f"+{more}")]
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        if not lines and self._view in NOTHING:
            self.say(NOTHING[self._view])
        else:
            self.query_one("#rows", Static).update(Text("\n").join(lines))
