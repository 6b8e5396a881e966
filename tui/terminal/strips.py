"""Looks laid over rows of cells, in whole characters."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


def restyle(strip: Strip, start: int, end: int, look: Style) -> Strip:
    """`look` on the cells from `start` to before `end`, widened to whole characters."""
    start, end = _edge(strip, start), _edge(strip, end, after=True)
    within = Strip([Segment(text, (own or Style()) + look) for text, own, _ in strip.crop(start, end)])
    return Strip.join([strip.crop(0, start), within, strip.crop(end)])


def found_in(text: str, sought: str) -> Iterator[tuple[int, int]]:
    """The cells of a row that `sought` takes up there, in whatever case: where it begins, and where it ends."""
    row, wanted = text.casefold(), sought.casefold()
    if len(row) != len(text):  # a letter that has no lower form of the same length
        row, wanted = text, sought
    at = row.find(wanted) if wanted else -1
    while at >= 0:
        start = cell_len(text[:at])
        yield start, start + cell_len(text[at : at + len(wanted)])
        at = row.find(wanted, at + len(wanted))


def _edge(strip: Strip, x: int, *, after: bool = False) -> int:
    """`x`, or where it would cut a wide character in two, that character's first cell (or the cell after it)."""
    if x <= 0 or x >= strip.cell_length:
        return x
    around = strip.crop(x - 1, x + 1).text
    cut = len(around) == 1 and cell_len(around) == 2
    return x if not cut else x + 1 if after else x - 1
