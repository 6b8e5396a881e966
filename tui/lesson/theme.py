"""The colours: quiet ones, a single accent, and the three that mean something kept for verdicts."""

from __future__ import annotations

from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

THEME = Theme(
    name="labs",
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
    variables={"text-muted-hex": "#8d95a3"},
)

_DARK = [(40, 44, 52), (224, 122, 115), (143, 192, 127), (220, 179, 107)]
_DARK += [(112, 160, 214), (190, 146, 208), (110, 186, 190), (199, 204, 212)]
_BRIGHT = [(100, 107, 119), (240, 148, 142), (168, 212, 152), (236, 202, 140)]
_BRIGHT += [(146, 186, 232), (210, 172, 226), (140, 208, 212), (240, 242, 246)]
ANSI = TerminalTheme((16, 18, 22), (211, 215, 222), _DARK, _BRIGHT)
"""What programs in the terminal mean by the sixteen colours."""
