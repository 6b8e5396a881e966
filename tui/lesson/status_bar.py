"""The bottom line: how the machine is, and the keys that work now."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static


class StatusBar(Horizontal):
    def compose(self) -> ComposeResult:
        yield Static(id="state")
        yield Static(id="keys")

    def show_state(self, sign: str, text: str, color: str) -> None:
        """`color` names a colour of the theme, such as `success`."""
        self.query_one("#state", Static).update(Content.assemble((f" {sign} ", f"${color}"), text))

    def show_keys(self, keys: list[tuple[str, str]]) -> None:
        """Pairs of a key and what it does."""
        parts = [part for key, does in keys for part in ((f"  {key} ", "$accent"), (does, "$foreground 70%"))]
        self.query_one("#keys", Static).update(Content.assemble(*parts, " "))
