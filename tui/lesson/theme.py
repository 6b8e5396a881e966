"""The colours: quiet ones, a single accent, and three that mean something kept for verdicts; on dark and on light."""

from __future__ import annotations

from collections.abc import Mapping

from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

DARK = Theme(
    name="labs-dark",
    primary="#86aed6",
    secondary="#9aa7b8",
    accent="#c9b27c",
    success="#8fc07f",
    warning="#dcb36b",
    error="#e08a84",
    foreground="#d3d7de",
    background="#16191f",
    surface="#1b1f26",
    panel="#22272f",
    variables={"text-muted-hex": "#8d95a3", "terminal": "#101216", "terminal-text": "#d3d7de"},
)
LIGHT = Theme(
    name="labs-light",
    dark=False,
    primary="#2b5f95",
    secondary="#51606f",
    accent="#7a5c12",
    success="#34702a",
    warning="#8a5a00",
    error="#a8322c",
    foreground="#23272e",
    background="#f7f7f4",
    surface="#efefeb",
    panel="#e4e4df",
    variables={"text-muted-hex": "#666d78", "terminal": "#fdfdfb", "terminal-text": "#23272e"},
)
CONSOLE = Theme(
    name="labs-console",
    primary="#00aaaa",
    secondary="#aaaaaa",
    accent="#55ffff",
    success="#55ff55",
    warning="#ffff55",
    error="#ff5555",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#0000aa",
    variables={
        "text-muted-hex": "#aaaaaa",
        "terminal": "#000000",
        "terminal-text": "#aaaaaa",
        "block-cursor-background": "#00aaaa",
        "block-cursor-blurred-background": "#00aaaa",
    },
)
"""For terminals of sixteen colours: some of VGA's, each of which becomes itself there, where ours would become two."""
CHOICE = "LABS_THEME"
"""The variable that says `dark` or `light`."""


def theme_for(environment: Mapping[str, str], chosen: str = "") -> Theme:
    """As `LABS_THEME` says, or as the reader has `chosen`, or else as the terminal says: the last number of COLORFGBG,
    which rxvt, konsole and others set, is that of its background among the sixteen colours. Most terminals are dark."""
    choice = environment.get(CHOICE, chosen)
    if choice in ("dark", "light"):
        return LIGHT if choice == "light" else DARK
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in ("7", "15") else DARK


_DARK = [(40, 44, 52), (224, 122, 115), (143, 192, 127), (220, 179, 107)]
_DARK += [(112, 160, 214), (190, 146, 208), (110, 186, 190), (199, 204, 212)]
_BRIGHT = [(100, 107, 119), (240, 148, 142), (168, 212, 152), (236, 202, 140)]
_BRIGHT += [(146, 186, 232), (210, 172, 226), (140, 208, 212), (240, 242, 246)]
ANSI = TerminalTheme((16, 18, 22), (211, 215, 222), _DARK, _BRIGHT)
"""What programs in the terminal mean by the sixteen colours, on dark."""
_ON_LIGHT = [(35, 39, 46), (168, 50, 44), (52, 112, 42), (138, 90, 0)]
_ON_LIGHT += [(43, 95, 149), (125, 66, 140), (22, 110, 116), (110, 116, 126)]
_BRIGHT_ON_LIGHT = [(80, 86, 96), (196, 62, 55), (66, 134, 54), (160, 108, 10)]
_BRIGHT_ON_LIGHT += [(56, 116, 178), (148, 84, 164), (34, 130, 136), (60, 66, 76)]
ANSI_ON_LIGHT = TerminalTheme((253, 253, 251), (35, 39, 46), _ON_LIGHT, _BRIGHT_ON_LIGHT)
"""And on light: white as a foreground would not be seen, so it is a grey."""
_VGA = [(0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170)]
_BRIGHT_VGA = [(85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85)]
_BRIGHT_VGA += [(85, 85, 255), (255, 85, 255), (85, 255, 255), (255, 255, 255)]
ANSI_OF_CONSOLE = TerminalTheme(_VGA[0], _VGA[7], _VGA, _BRIGHT_VGA)
"""And where there are no other colours than the sixteen: they themselves."""
