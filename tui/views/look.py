"""How pieces of a view look: plain, just changed, or just gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text

from lablib.text import one_line
from tui.lesson.words import Words


@dataclass(frozen=True)
class Look:
    """What renderers draw with. `colors` are the theme's, by name."""

    words: Words
    colors: Mapping[str, str]

    def piece(self, text: str, color: str = "", *, fresh: bool = False, gone: bool = False, bold: bool = False) -> Text:
        """A piece of a row, with whatever a stranger wrote made harmless. What is fresh stands out also without
        colours, and what is gone is struck out."""
        style = " ".join(
            part
            for part, on in (
                (self.colors.get(color, ""), color),
                ("bold", bold or fresh),
                ("reverse", fresh),
                ("strike dim", gone),
            )
            if on and part
        )
        return Text(one_line(text), style, end="")

    def muted(self, text: str) -> Text:
        return self.piece(text, "text-muted-hex")

    def note(self, key: str) -> Text:
        """A sentence in place of rows."""
        return self.muted(self.words.screen(key))


def column(piece: Text, width: int) -> Text:
    """`piece` in so many cells, and a space."""
    shown = piece.copy()
    shown.truncate(width, overflow="ellipsis")
    return Text.assemble(shown, " " * (width + 1 - shown.cell_len))
