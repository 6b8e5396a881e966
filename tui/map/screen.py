"""The course map as it lies over whatever is on the screen: the reader chooses where to go, or goes back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from lablib.text import one_line
from tui.lesson.help import Help
from tui.lesson.words import Words
from tui.map.places import MapPlace

if TYPE_CHECKING:
    from tui.lesson.commands import Command

_BAR = 10


class CourseMap(ModalScreen[str]):
    """Is dismissed with the id of what was chosen; empty for nothing."""

    topic = "map"

    DEFAULT_CSS = """
    CourseMap { align: center middle; background: $background 60%; }
    CourseMap > Vertical {
        width: 100; max-width: 100%; height: 100%; padding: 0 1;
        background: $surface; border: round $primary; border-title-color: $primary;
    }
    CourseMap OptionList, CourseMap OptionList:focus {
        height: 1fr; background: transparent; border: none; padding: 0; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f10,ctrl+q", "close", show=False),
        Binding("j", "step(1)", show=False),
        Binding("k", "step(-1)", show=False),
        Binding("colon,slash", "find", show=False),
        Binding("f1", "help", show=False),
    ]

    def __init__(self, places: Sequence[MapPlace], begin: int, words: Words) -> None:
        super().__init__()
        self._places = places
        self._begin = begin
        self._words = words

    def compose(self) -> ComposeResult:
        tasks = [place for place in self._places if not place.number]
        head = self._words.screen("map_title", passed=sum(place.passed for place in tasks), total=len(tasks))
        with Vertical() as box:
            box.border_title = Content(head).markup
            box.border_subtitle = Content(self._words.screen("map_keys")).markup
            yield OptionList(*(Option(self._row(at), id=place.id) for at, place in enumerate(self._places)))

    def on_mount(self) -> None:
        rows = self.query_one(OptionList)
        rows.focus()
        rows.highlighted = self._begin

    def _row(self, at: int) -> Text:
        place, colors = self._places[at], self.app.theme_variables
        here = "▸ " if at == self._begin else "  "
        if place.number:
            full = _BAR * place.passed // (place.total or 1)
            bar = ("▮" * full + "▯" * (_BAR - full), colors["success" if place.done else "primary"])
            told = f"  {place.passed}/{place.total}"
            row = Text.assemble((here, colors["accent"]), (f"{place.number} · {place.title}  ", "bold"), bar, told)
        else:
            sign, color = self._sign(place)
            row = Text.assemble((here, colors["accent"]), ("  ", ""), (f"{sign} ", colors[color]), place.title)
            if place.lacks and not place.done:
                why = self._words.screen("map_lacks", needs=one_line(place.lacks))
                row.append(f"  {why}", colors["warning"])
        row.no_wrap, row.overflow = True, "ellipsis"
        return row

    def _sign(self, place: MapPlace) -> tuple[str, str]:
        if place.done:
            return "✓", "success"
        if place.lacks:
            return "⊘", "warning"
        return ("?", "accent") if place.question else ("·", "text-muted-hex")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id or "")

    def action_close(self) -> None:
        self.dismiss("")

    def action_find(self) -> None:
        """One of them is typed."""
        from tui.lesson.commands import Command
        from tui.lesson.palette import Palette

        places = (
            Command(f"{place.number} · {place.title}" if place.number else place.title, partial(self._go, place.id))
            for place in self._places
        )
        self.app.push_screen(Palette(places, self._words, "map_find"), self._found)

    def _go(self, id: str) -> None:
        self.dismiss(id)

    def _found(self, command: Command | None) -> None:
        if command is not None:
            self.call_next(command.act)

    def action_help(self) -> None:
        self.app.push_screen(Help(self._words, self.topic))

    def action_step(self, by: int) -> None:
        rows = self.query_one(OptionList)
        rows.action_cursor_down() if by > 0 else rows.action_cursor_up()
