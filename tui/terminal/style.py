"""SGR parameters as Rich styles (ECMA-48 8.3.117, with the 256-colour, RGB and underline forms of xterm and kitty)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from rich.color import Color
from rich.style import Style

_ATTRIBUTES = {1: "bold", 2: "dim", 3: "italic", 5: "blink", 6: "blink", 7: "reverse", 8: "conceal", 9: "strike"}
_ATTRIBUTES |= {21: "underline2", 53: "overline"}


@lru_cache(maxsize=4096)
def style(sgr: str) -> Style:
    """The style that `sgr` (such as `1;38;5;4`) makes of the default. What is not known changes nothing."""
    colors: dict[str, Color] = {}
    attributes: dict[str, bool] = {}
    parameters = iter(sgr.split(";"))
    for parameter in parameters:
        code, *sub = (int(part or 0) for part in parameter.split(":"))
        if code == 0:
            colors.clear()
            attributes.clear()
        elif code == 4:
            attributes["underline"] = sub != [0]
        elif code in _ATTRIBUTES:
            attributes[_ATTRIBUTES[code]] = True
        elif code in (38, 48, 58):
            color = _extended(iter(sub) if sub else (int(p or 0) for p in parameters))
            if color is not None and code != 58:
                colors["color" if code == 38 else "bgcolor"] = color
        elif 30 <= code <= 37 or 90 <= code <= 97:
            colors["color"] = Color.from_ansi(code - 30 if code < 90 else code - 82)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            colors["bgcolor"] = Color.from_ansi(code - 40 if code < 100 else code - 92)
    return Style(color=colors.get("color"), bgcolor=colors.get("bgcolor"), **attributes)  # type: ignore[arg-type]


def _extended(values: Iterator[int]) -> Color | None:
    kind = next(values, 0)
    if kind == 5:
        return Color.from_ansi(next(values, 0) & 0xFF)
    if kind == 2:
        return Color.from_rgb(*(next(values, 0) & 0xFF for _ in range(3)))
    return None
