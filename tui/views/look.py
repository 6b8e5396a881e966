"""How pieces of a view look: plain, just changed, or just gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rich.text import Text

from lablib.text import one_line
from tui.lesson.words import Words


@dataclass(frozen=True)
class Look:
    """What renderers draw with: the theme's `colors` by name, and as many cells as `width` in a row."""

    words: Words
    colors: Mapping[str, str]
    width: int

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


def column(piece: Text, width: int) -> Text:
    """`piece` in so many cells, and a space."""
    shown = piece.copy()
    shown.truncate(width, overflow="ellipsis")
    return Text.assemble(shown, " " * (width + 1 - shown.cell_len))


def fold(head: Text, pieces: Iterable[Text], hang: Text, width: int) -> Iterator[Text]:
    """A row of `pieces` after its `head`, in as many lines as they need: no piece is broken, and a line that goes on
    has `hang` in place of the spaces that a piece begins with."""
    line = begin = head
    for piece in pieces:
        if line is not begin and line.cell_len + piece.cell_len > width:
            yield line
            line = begin = hang
            piece = piece[len(piece.plain) - len(piece.plain.lstrip(" ")) :]
        line = Text.assemble(line, piece)
    yield line
