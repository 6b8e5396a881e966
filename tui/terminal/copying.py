"""Selecting by keys: where the reader is in what a terminal shows and has in its history, and what they have marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from textual.geometry import Offset
from textual.selection import Selection

from tui.terminal.engine import Cursor, Engine, Row

BEGIN, COPY, LEAVE = ("space", "v"), ("enter", "y"), ("escape", "q", "ctrl+c")


@dataclass(frozen=True)
class Spot:
    """A cell: its column from the left, and its row counted from the newest, which is 0."""

    x: int
    row: int


class Copying:
    """One time of selecting. The rows stay what they are while more output comes below them: see `grown`."""

    def __init__(self, engine: Engine, columns: int, back: int) -> None:
        """`back` is how many rows of history the view has gone back: the reader begins where the cursor is, or at the
        end of what they look at."""
        self._engine = engine
        self._columns = columns
        self._height = len(engine.rows())
        cursor = engine.cursor
        x, y = (0, self._height - 1) if back else (cursor.x, cursor.y)
        self.at = Spot(min(x, columns - 1), back + self._height - 1 - y)
        self.begun: Spot | None = None
        self.back = back
        """How many rows the view must have gone back for the reader to see where they are."""

    @property
    def _oldest(self) -> int:
        return self._engine.scrollback + self._height - 1

    def grown(self, rows: int) -> None:
        """So many rows have gone into the history; the view stays where it is."""
        self.back += rows
        self.at = Spot(self.at.x, self.at.row + rows)
        if self.begun is not None:
            self.begun = Spot(self.begun.x, self.begun.row + rows)
        self._look()

    def begin(self) -> None:
        """What is marked begins here; begun before, nothing is marked any more."""
        self.begun = self.at if self.begun is None else None

    def move(self, key: str) -> bool:
        """Goes where `key` leads; False for a key that leads nowhere."""
        x, row = self.at.x, self.at.row
        match key:
            case "left" | "h":
                x -= 1
            case "right" | "l":
                x += self._cells()[1] - self._cells()[0]
            case "up" | "k":
                row += 1
            case "down" | "j":
                row -= 1
            case "pageup" | "ctrl+b":
                row += self._height - 1
            case "pagedown" | "ctrl+f":
                row -= self._height - 1
            case "home" | "0":
                x = 0
            case "end" | "dollar_sign":
                x = max(0, cell_len(self._text(row).rstrip()) - 1)
            case "g" | "ctrl+home":
                x, row = 0, self._oldest
            case "G" | "ctrl+end":
                x, row = 0, 0
            case _:
                return False
        self.at = Spot(max(0, min(x, self._columns - 1)), max(0, min(row, self._oldest)))
        self._look()
        return True

    def selection(self) -> Selection:
        """What is marked, in cells of the view; where nothing is, the character that the reader is at."""
        begun = self.begun or self.at
        first, last = sorted((begun, self.at), key=lambda spot: (-spot.row, spot.x))
        start, end = self._cells(first)[0], self._cells(last)[1]
        return Selection(Offset(start, self._y(first)), Offset(end, self._y(last)))

    @property
    def caret(self) -> Cursor:
        """Where the reader is, in cells of the view."""
        return Cursor(self._cells()[0], self._y(self.at), visible=True)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The rows that have something marked, from the top, and where each is in the view."""
        spots = (self.begun or self.at, self.at)
        row, newest = min(self._oldest, max(spot.row for spot in spots)), min(spot.row for spot in spots)
        while row >= newest:
            page, bottom = self._page(row)
            for text in page[len(page) - 1 - (row - bottom) :]:
                if row < newest:
                    return
                yield self._y(Spot(0, row)), text
                row -= 1

    def _look(self) -> None:
        """The view goes no further than it must."""
        lowest = self.at.row - self._height + 1
        self.back = max(0, min(max(self.back, lowest), self.at.row, self._engine.scrollback))

    def _y(self, spot: Spot) -> int:
        return self.back + self._height - 1 - spot.row

    def _page(self, row: int) -> tuple[list[Row], int]:
        """A page with `row` as near its top as can be, and which row is its last."""
        bottom = max(0, min(row - self._height + 1, self._engine.scrollback))
        return list(self._engine.rows(bottom)), bottom

    def _text(self, row: int) -> str:
        row = min(row, self._oldest)  # the history may have been cleared a moment ago
        page, bottom = self._page(row)
        return "".join(run.text for run in self._engine.runs(page[len(page) - 1 - (row - bottom)]))

    def _cells(self, spot: Spot | None = None) -> tuple[int, int]:
        """The cells of the character at `spot`, or where the reader is: where it begins, and where it ends."""
        spot = spot or self.at
        start = 0
        for character in self._text(spot.row):
            end = start + cell_len(character)
            if start <= spot.x < end:
                return start, end
            start = end
        return spot.x, spot.x + 1
