"""The bottom line: how the machine is, and the keys that work now."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tui.lesson.phase import Phase
from tui.lesson.words import Words

_SIGNS = {Phase.BOOTING: "◌", Phase.READY: "●", Phase.FAILED: "✗", Phase.CLOSING: "◌"}
_COLORS = {Phase.BOOTING: "warning", Phase.READY: "success", Phase.FAILED: "error", Phase.CLOSING: "warning"}


ROOMY = 100
"""Columns from which a key is named that is not needed to get on."""


class StatusBar(Horizontal):
    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        # Kept, not asked for by name: while the screen is taken down the bar outlives its parts.
        self._state = Static(id="state")
        self._keys = Static(id="keys")

    def compose(self) -> ComposeResult:
        yield self._state
        yield self._keys

    def show(self, phase: Phase, machine: str, seconds: float, go_on: str, *, in_terminal: bool) -> None:
        """`machine` describes one that is ready; `seconds` is how long one has been starting; `go_on` is the sentence
        key for what F2 does now."""
        say = self._words.screen
        texts = {
            Phase.BOOTING: say("booting", seconds=f"{seconds:.1f}"),
            Phase.READY: machine,
            Phase.FAILED: say("failed"),
            Phase.CLOSING: say("closing"),
        }
        sign = (f" {_SIGNS[phase]} ", f"${_COLORS[phase]}")
        self._state.update(Content.assemble(sign, texts[phase]))
        keys = [
            ("F1", say("key_help")),
            ("F5", say("key_retry")) if phase is Phase.FAILED else ("F2", say(go_on)),
            ("F3", say("key_hint")),
            ("F7", say("key_skip")),
            *([("F8", say("key_view")), ("F10", say("key_map"))] if self.app.size.width >= ROOMY else []),
            ("^]", say("key_leave" if in_terminal else "key_enter")),
            ("^Q", say("key_quit")),
        ]
        parts = [part for key, does in keys for part in ((f"  {key} ", "$accent"), (does, "$foreground 70%"))]
        self._keys.update(Content.assemble(*parts, " "))
