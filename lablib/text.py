"""Text of strangers made harmless to look at: a terminal or a screen shows it and obeys none of it."""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""General categories (Unicode, UAX #44) that no reader sees: controls, bidirectional formatting, surrogates, …"""
NEWLINE = "⏎"


def printable(text: str) -> str:
    """`text` with every control and invisible character shown instead of obeyed. Lines stay lines, a tab is four
    spaces, newlines at the end are dropped."""
    return "".join(c if c == "\n" else "    " if c == "\t" else _picture(c) for c in text.rstrip("\n"))


def one_line(text: str) -> str:
    """`printable` for where there is room for one line: each newline inside `text` is shown as ⏎."""
    return printable(text).replace("\n", NEWLINE)


def _picture(character: str) -> str:
    """`character` itself if it can be seen, else its control picture or its number."""
    code = ord(character)
    if unicodedata.category(character) not in _UNSEEN:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
