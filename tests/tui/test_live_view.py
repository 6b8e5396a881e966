from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static

from lablib.machine.base import CgroupRow
from tests.tui.waiting import until
from tui.lesson.live_view import LiveView, stems
from tui.lesson.theme import THEME
from tui.lesson.words import Words


def test_stems_join_a_tree_of_any_shape() -> None:
    assert stems([0, 1, 2, 2, 1, 2]) == ["", "├─", "│ ├─", "│ └─", "└─", "  └─"]
    assert stems([0]) == [""]
    assert stems([]) == []


class Alone(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.register_theme(THEME)
        self.theme = THEME.name

    def compose(self) -> ComposeResult:
        yield LiveView(Words("en"))


async def test_names_of_a_stranger_s_are_shown_not_obeyed() -> None:
    rows = (
        CgroupRow(0, "/", ("cpu",), 1, ((1, "lab-init"),)),
        CgroupRow(1, "[b]\x1b[31mevil", (), 30, ((7, "a\nb"),)),
    )
    app = Alone()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(LiveView).show(rows)
        await until(pilot, lambda: "lab-init" in str(app.query_one("#tree", Static).content))
        text = str(app.query_one("#tree", Static).content)
        assert "[b]␛[31mevil" in text and "+29" in text
        assert text.count("\n") == 1 and "7 a⏎b" in text
