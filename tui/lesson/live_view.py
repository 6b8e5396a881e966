"""The tree of cgroups as it is now: who is where, and which controllers each has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from lablib.machine.base import CgroupRow
from lablib.text import one_line
from tui.lesson.words import Words


class LiveView(VerticalScroll):
    """Hidden until it is asked for."""

    def __init__(self, words: Words) -> None:
        super().__init__(id="view")
        self._words = words
        self.border_title = Content(words.screen("view_title")).markup

    def compose(self) -> ComposeResult:
        yield Static(id="tree")

    def show(self, rows: Sequence[CgroupRow]) -> None:
        self.query_one("#tree", Static).update(Text("\n").join(self._lines(rows)))

    def _lines(self, rows: Sequence[CgroupRow]) -> Iterator[Text]:
        colors = self.app.theme_variables
        for row, stem in zip(rows, stems([row.depth for row in rows]), strict=True):
            line = Text.assemble((stem, colors["text-muted-hex"]), (one_line(row.name), "bold"))
            line.append(f"  {one_line(' '.join(row.controllers)) or '–'}", colors["accent"])
            for pid, name in row.processes:
                line.append(f"  {pid} {one_line(name)}", colors["success"])
            if (more := row.count - len(row.processes)) > 0:
                line.append(f"  +{more}", colors["text-muted-hex"])
            line.no_wrap, line.overflow = True, "ellipsis"
            yield line


def stems(depths: Sequence[int]) -> list[str]:
    """The lines that join a tree's rows, given how deep each is, parents first."""
    found = []
    open_at: set[int] = set()
    for depth in reversed(depths):  # from below: a branch is open where a sibling follows
        open_at = {at for at in open_at if at <= depth}
        bars = "".join("│ " if at in open_at else "  " for at in range(1, depth))
        found.append("" if depth == 0 else bars + ("├─" if depth in open_at else "└─"))
        open_at.add(depth)
    return found[::-1]
