"""Alt with a key, as terminals without kitty's keyboard protocol send it: ESC before the character.

Textual 8.2.8 (pinned) drops Alt before punctuation, and reads some of these as what Option types on a Mac, or as
another key; in a shell `alt+.` and `alt+b` are keys of their own. Its table of sequences has no public way in.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits, punctuation
from typing import cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import _character_to_key

INTRODUCERS = "[]NOPX^_\\"
"""What begins (or ends) a longer sequence after ESC: ECMA-48 5.3."""


@dataclass(frozen=True)
class _Named:
    """Stands for a member of Textual's enum of keys, of which only the value is read."""

    value: str


def teach_textual() -> None:
    """Adds the sequences to Textual's table. Doing it again changes nothing."""
    names = {character: character for character in ascii_lowercase + digits}
    names |= {character: f"shift+{character.lower()}" for character in ascii_uppercase}
    names |= {character: _character_to_key(character) for character in punctuation}
    names |= {"\x7f": "backspace", "\r": "enter"}
    table = cast(dict[str, object], ANSI_SEQUENCES_KEYS)
    for character, name in names.items():
        if character not in INTRODUCERS:
            table[f"\x1b{character}"] = (_Named(f"alt+{name}"),)
