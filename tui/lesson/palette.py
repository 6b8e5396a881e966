"""The palette: what can be done now, found by typing a part of its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.lesson.commands import Command, fitting
from tui.lesson.words import Words


class Palette(ModalScreen[Command | None]):
    """Is dismissed with what was chosen. What is listed follows from what is typed and from nothing else, and no search
    runs beside it: Enter does what is seen."""

    topic = "palette"

    DEFAULT_CSS = """
    Palette { align: center top; background: $background 60%; }
    Palette > Vertical {
        width: 76; max-width: 96%; height: auto; max-height: 85%; margin: 2 0 0 0; padding: 0 1;
        background: $surface; border: round $primary; border-title-color: $primary;
    }
    Palette Input, Palette Input:focus { height: 1; border: none; padding: 0; background: $panel; }
    Palette OptionList, Palette OptionList:focus {
        height: auto; max-height: 30; background: transparent; border: none; padding: 0; scrollbar-size-vertical: 1;
    }
    Palette #nothing { display: none; color: $text-muted-hex; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+right_square_bracket", "close", show=False, priority=True),
        Binding("up,ctrl+p", "go('cursor_up')", show=False, priority=True),
        Binding("down,ctrl+n", "go('cursor_down')", show=False, priority=True),
        Binding("pageup", "go('page_up')", show=False, priority=True),
        Binding("pagedown", "go('page_down')", show=False, priority=True),
    ]

    def __init__(self, commands: Iterable[Command], words: Words, title: str = "palette_title") -> None:
        """`title` is the key of the sentence for what is listed."""
        super().__init__()
        self._title = title
        self._commands = list(commands)
        self._words = words
        self._listed: list[Command] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(self._words.screen(self._title)).markup
            box.border_subtitle = Content(self._words.screen("palette_keys")).markup
            line = Input(placeholder=self._words.screen("palette_how"), compact=True)
            line.cursor_blink = False
            yield line
            rows = OptionList()
            rows.can_focus = False  # what is typed is the line's
            yield rows
            yield Static(Content(self._words.screen("palette_nothing")), id="nothing")

    def on_mount(self) -> None:
        self._list()

    def add(self, commands: Iterable[Command]) -> None:
        """What is known only now, below the rest; the reader stays at what they were at."""
        self._commands += commands
        if self.is_attached:
            at = self.query_one(OptionList).highlighted
            self._list()
            self.query_one(OptionList).highlighted = at if self._listed else None

    def _list(self) -> None:
        rows = self.query_one(OptionList)
        self._listed = fitting(self._commands, self.query_one(Input).value)
        rows.clear_options()
        rows.add_options(Option(self._row(command)) for command in self._listed)
        rows.highlighted = 0 if self._listed else None
        rows.display = bool(self._listed)
        self.query_one("#nothing").display = not self._listed

    def _row(self, command: Command) -> Table:
        row = Table.grid(expand=True, padding=(0, 1, 0, 0))
        row.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        row.add_column(justify="right")
        row.add_row(Text(command.does), Text(command.key, self.app.theme_variables["accent"]))
        return row

    def on_input_changed(self) -> None:
        self._list()

    def on_input_submitted(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(self._listed[at])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._listed[event.option_index])

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_go(self, where: str) -> None:
        getattr(self.query_one(OptionList), f"action_{where}")()
