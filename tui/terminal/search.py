"""Looking for text in what a terminal shows and in its history."""

from __future__ import annotations

from tui.terminal.engine import Engine
from tui.terminal.strips import found_in


def find(engine: Engine, sought: str, row: int, *, older: bool) -> int | None:
    """The next row with `sought`, from `row` on upwards, or downwards; None where there is none. Rows are counted from
    the newest, which is 0."""
    page = max(1, len(engine.rows()))
    newest, oldest = 0, engine.scrollback + page - 1
    while newest <= row <= oldest:
        # A page of rows with `row` at the end from which we look.
        back = min(max(0, row if older else row - page + 1), engine.scrollback)
        rows = engine.rows(back)
        step = 1 if older else -1
        while newest <= row <= oldest and back <= row < back + len(rows):
            text = "".join(run.text for run in engine.runs(rows[back + len(rows) - 1 - row]))
            if next(found_in(text, sought), None) is not None:
                return row
            row += step
    return None
