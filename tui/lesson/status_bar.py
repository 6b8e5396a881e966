"""The bottom line: how the machine is, and the keys that work now."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.markup import escape
from textual.widgets import Static

from tui.lesson.phase import Phase
from tui.lesson.words import Words

_SIGNS = {Phase.BOOTING: "◌", Phase.READY: "●", Phase.FAILED: "✗", Phase.CLOSING: "◌"}
_COLORS = {Phase.BOOTING: "warning", Phase.READY: "success", Phase.FAILED: "error", Phase.CLOSING: "warning"}

ROOMY = 100
"""Columns from which a key is named that is not needed to get on."""


class Focus(Enum):
    """Whom the keys go to."""

    TEXT = auto()
    SHELL = auto()
    PROGRAM = auto()
    """One that has the whole screen of the terminal, and wants every key."""


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

    def show(self, phase: Phase, machine: str, seconds: float, go_on: str, focus: Focus) -> None:
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
        keys = self._keys_of(phase, go_on, focus)
        self._keys.update(Content.from_markup("".join(map(_button, keys)) + " "))

    def _keys_of(self, phase: Phase, go_on: str, focus: Focus) -> Iterator[tuple[str, str, str]]:
        """The keys that work now, what each does, and the action behind it."""
        say, width = self._words.screen, self.app.size.width
        if focus is not Focus.PROGRAM:
            yield "F1", say("key_help"), "help"
            yield ("F5", say("key_retry"), "again") if phase is Phase.FAILED else ("F2", say(go_on), "go_on")
            yield "F3", say("key_hint"), "hint"
            yield "F7", say("key_skip"), "move(1)"
            if width >= ROOMY:
                yield "F8", say("key_view"), "view"
                yield "F10", say("key_map"), "map"
                yield "F12", say("key_terminal"), "next_terminal"
        yield "^]", say("key_enter" if focus is Focus.TEXT else "key_leave"), "toggle_terminal"
        if focus is Focus.TEXT:
            yield "^Q", say("key_quit"), "leave"


def _button(key: tuple[str, str, str]) -> str:
    """A key as one can click it."""
    name, does, action = key
    return f"  [$accent]{escape(name)}[/] [@click=app.{action}]{escape(does)}[/]"
