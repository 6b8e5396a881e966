"""Where plain pages are printed: colours of the terminal's own, none where NO_COLOR says so, and Markdown that reads
like text."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.padding import Padding
from rich.text import Text
from rich.theme import Theme

from tui.chinese import teach_rich
from tui.lesson.text import for_screen

WIDEST = 92
"""Columns: longer lines of prose are hard to follow."""
INDENT = 2
# The sixteen colours are the reader's own, so that both dark and light terminals have them readable.
_THEME = Theme(
    {
        "markdown.h1": "bold blue",
        "markdown.h2": "bold blue",
        "markdown.h3": "bold",
        "markdown.code": "cyan",
        "markdown.block_quote": "none",
        "markdown.link": "underline",
        "markdown.link_url": "underline",
        "markdown.item.bullet": "none",
        "markdown.item.number": "none",
    }
)


def plain_console() -> Console:
    """One that prints to standard output."""
    teach_rich()
    console = Console(theme=_THEME, highlight=False, emoji=False, markup=False)
    console.width = min(console.width, WIDEST)
    return console


def markdown(text: str) -> Markdown:
    """CommonMark as `labs` prints it."""
    return _Page(for_screen(text), hyperlinks=False)


def indented(text: Text) -> Padding:
    """Lines as a program has them: broken nowhere but at the edge."""
    text.overflow, text.no_wrap = "fold", False
    return Padding(text, (0, 0, 0, INDENT))


class _Heading(Heading):
    LEVEL_ALIGN: ClassVar = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class _Code(CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield indented(Text(str(self.text).rstrip()))


class _Page(Markdown):
    """Where there are no colours, code is told by its backquotes."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.no_color or console.color_system is None:
            for token in self.parsed:
                for child in token.children or ():
                    if child.type == "code_inline":
                        child.content = f"`{child.content}`"
        yield from super().__rich_console__(console, options)

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
    }
