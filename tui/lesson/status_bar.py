"""The bottom line: how the machine is, and the keys that work now."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.markup import escape
from textual.widgets import Static

from tui.lesson.phase import Phase
from tui.lesson.words import Words

if TYPE_CHECKING:
    from lablib.machine.base import Capabilities

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
    COPYING = auto()
    """The terminal itself, in which they select."""


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

    def show(self, phase: Phase, machine: Capabilities | None, seconds: float, go_on: str, focus: Focus) -> None:
        """`machine` is the one that is ready; `seconds` is how long one has been starting; `go_on` is the sentence key
        for what F2 does now."""
        say = self._words.screen
        texts = {
            Phase.BOOTING: say("booting", seconds=f"{seconds:.1f}"),
            Phase.READY: self._describe(machine) if machine else "",
            Phase.FAILED: say("failed"),
            Phase.CLOSING: say("closing"),
        }
        sign = (f" {_SIGNS[phase]} ", f"${_COLORS[phase]}")
        self._state.update(Content.assemble(sign, texts[phase]))
        keys = self._keys_of(phase, go_on, focus)
        self._keys.update(Content.from_markup("".join(map(_button, keys)) + " "))

    def _describe(self, machine: Capabilities) -> str:
        return self._words.screen("ready", kind=self._words.screen(f"kind_{machine.kind}"), release=machine.release)

    def _keys_of(self, phase: Phase, go_on: str, focus: Focus) -> Iterator[tuple[str, str, str]]:
        """The keys that work now, what each does, and the action behind it."""
        say, width = self._words.screen, self.app.size.width
        if focus is Focus.COPYING:
            yield "←↑↓→", say("key_move"), ""
            yield "␣", say("key_begin"), ""
            yield "y", say("key_copy"), ""
            yield "Esc", say("key_end"), ""
            return
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
        yield (":" if focus is Focus.TEXT else "^]:"), say("key_palette"), "palette"
        if focus is Focus.TEXT:
            yield "^Q", say("key_quit"), "leave"


def _button(key: tuple[str, str, str]) -> str:
    """A key as one can click it, where there is an action to it."""
    name, does, action = key
    said = f"[@click=app.{action}]{escape(does)}[/]" if action else escape(does)
    return f"  [$accent]{escape(name)}[/] {said}"
