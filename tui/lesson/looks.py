"""How an app of ours looks: in its colours, in few, or in none, and with signs that the terminal's font has."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.segment import Segment
from textual.app import App, ReturnType
from textual.color import Color
from textual.filter import LineFilter, NoColor
from textual.theme import Theme

from tui.chinese import teach_rich
from tui.lesson.signs import on_console
from tui.lesson.theme import ANSI, ANSI_OF_CONSOLE, ANSI_ON_LIGHT, CONSOLE, DARK, LIGHT, theme_for

LINUX = "linux"
"""What TERM says on the kernel's own console, whose font has 256 or 512 signs (console_codes(4))."""


class ConsoleSigns(LineFilter):
    """Puts a sign that the console has in the place of each that it has not."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(on_console(text), style, control) for text, style, control in segments]


_CONSOLE_SIGNS = ConsoleSigns()
_NO_COLOR = NoColor()


class Looks(App[ReturnType]):
    """An app in our themes. Chapters in Chinese break their lines where Chinese does."""

    CSS = """
    OptionList:nocolor > .option-list--option-highlighted { text-style: bold underline; }
    Input:nocolor > .input--cursor { text-style: reverse; }
    Screen:nocolor > .screen--selection { text-style: reverse; }
    VerticalScroll:nocolor:focus { border-title-style: bold reverse; }
    .block:nocolor { border-left: blank; }
    .block.-current:nocolor { border-left: outer $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        teach_rich()
        for theme in (DARK, LIGHT, CONSOLE):
            self.register_theme(theme)
        self.few_colors = self.console.color_system == "standard"
        """Whether the terminal has sixteen and no more, so that there is one theme for it."""
        self.ansi_theme_dark = ANSI_OF_CONSOLE if self.few_colors else ANSI
        self.ansi_theme_light = ANSI_ON_LIGHT
        self.wear("")
        self.few_signs = os.environ.get("TERM") == LINUX
        """Whether the terminal's font has a few hundred signs, and no Chinese."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without colours those of the terminal remain, where Textual would paint shades of grey."""
        colors = (_NO_COLOR,) if self.no_color else super().get_line_filters()
        return (*colors, _CONSOLE_SIGNS) if self.few_signs else colors

    def wear(self, chosen: str) -> None:
        """Takes the colours that fit the terminal and what was `chosen` in it before."""
        self.theme = (CONSOLE if self.few_colors else theme_for(os.environ, chosen)).name

    async def use_theme(self, theme: Theme) -> None:
        self.theme = theme.name
        await self.show_anew()

    async def toggle_colors(self) -> None:
        self.no_color = not self.no_color
        await self.show_anew()
        for screen in self.screen_stack:
            for widget in (screen, *screen.walk_children()):
                widget.notify_style_update()
        self.refresh_css(animate=False)

    async def show_anew(self) -> None:
        """Shows again, in the colours there are now, what has some of its own."""
