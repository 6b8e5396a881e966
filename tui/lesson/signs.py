"""Signs in place of those that the font of the kernel's console does not have: each as wide as what it stands for."""

from __future__ import annotations

_STAND_INS = {
    "✓": "√",
    "✗": "x",
    "●": "•",
    "◦": "○",
    "◌": "○",
    "⊘": "ø",
    "▸": "►",
    "‣": "►",
    "▪": "■",
    "⭑": "*",
    "▮": "█",
    "▯": "░",
    "□": "○",
    "␣": "_",
    "…": ".",
    "╭": "┌",
    "╮": "┐",
    "╰": "└",
    "╯": "┘",
}
_ALIKE = {
    "•": "∙",
    "-": "–—‐‑−",
    "'": "‘’‚",
    '"': "“”„",
    "─": "━╌╍┄┅┈┉╴╶╸╺▔▁",
    "│": "┃╎╏┆┇┊┋╵╷╹╻▎▏",
    "┌": "┏┍┎",
    "┐": "┓┑┒",
    "└": "┗┕┖",
    "┘": "┛┙┚",
    "├": "┣┝┠",
    "┤": "┫┥┨",
    "┬": "┳┯┰",
    "┴": "┻┷┸",
    "┼": "╋┿╂",
    "▄": "▂▃▅",
    "█": "▆▇▉▊",
    "▌": "▋▍",
}
TABLE = str.maketrans(_STAND_INS | {sign: plain for plain, signs in _ALIKE.items() for sign in signs})


def on_console(text: str) -> str:
    """`text` as the console can show it. What has no stand-in stays: the kernel draws its own for that."""
    return text if text.isascii() else text.translate(TABLE)
