"""Keys as the bytes a terminal sends for them: xterm's legacy encoding, which every program's terminfo knows.

Source: xterm's ctlseqs, "PC-Style Function Keys".
"""

from __future__ import annotations

from textual.keys import REPLACED_KEYS, key_to_character

_CURSOR = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_SS3 = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_TILDE = dict(zip(["insert", "delete", "pageup", "pagedown"], [2, 3, 5, 6], strict=True))
_TILDE |= {f"f{number}": code for number, code in zip(range(5, 11), [15, 17, 18, 19, 20, 21], strict=True)}
_TILDE |= {f"f{number}": code for number, code in zip(range(11, 16), [23, 24, 25, 26, 28], strict=True)}
_TILDE |= {f"f{number}": code for number, code in zip(range(16, 21), [29, 31, 32, 33, 34], strict=True)}
_PLAIN = {"enter": "\r", "tab": "\t", "escape": "\x1b", "backspace": "\x7f", "space": " "}
_CONTROL = {"space": "\0", "at": "\0", "@": "\0", "left_square_bracket": "\x1b", "backslash": "\x1c"}
_CONTROL |= {"right_square_bracket": "\x1d", "circumflex_accent": "\x1e", "underscore": "\x1f", "slash": "\x1f"}
_CONTROL |= {"2": "\0", "3": "\x1b", "4": "\x1c", "5": "\x1d", "6": "\x1e", "7": "\x1f", "8": "\x7f"}
_CONTROL |= {"backspace": "\x08", "enter": "\r", "tab": "\t", "escape": "\x1b", "question_mark": "\x7f"}


def encode(key: str, character: str | None = None, *, application_cursor: bool = False) -> bytes:
    """The bytes of a key press as Textual names it (`ctrl+alt+left`); empty for a key that terminals do not send."""
    *modifiers, name = key.split("+")
    shift, ctrl = "shift" in modifiers, "ctrl" in modifiers
    alt = "alt" in modifiers or "meta" in modifiers
    number = 1 + shift + 2 * alt + 4 * ctrl
    if name in _CURSOR:
        start = f"[1;{number}" if number > 1 else "O" if application_cursor else "["
        return f"\x1b{start}{_CURSOR[name]}".encode()
    if name in _SS3:
        return (f"\x1b[1;{number}" if number > 1 else "\x1bO").encode() + _SS3[name].encode()
    if name in _TILDE:
        return f"\x1b[{_TILDE[name]};{number}~".encode() if number > 1 else f"\x1b[{_TILDE[name]}~".encode()
    if name == "tab" and shift:
        return b"\x1b[Z"
    return _text(name, character, shift=shift, alt=alt, ctrl=ctrl)


def _text(name: str, character: str | None, *, shift: bool, alt: bool, ctrl: bool) -> bytes:
    if ctrl:
        letter = len(name) == 1 and name.isascii() and name.isalpha()
        typed = chr(ord(name.lower()) & 0x1F) if letter else _CONTROL.get(name, "")
    elif name in _PLAIN:
        typed = _PLAIN[name]
    elif character and character.isprintable():
        typed = character
    else:
        typed = key_to_character(REPLACED_KEYS.get(name, name)) or ""
        typed = typed.upper() if shift else typed
    return (("\x1b" if alt and typed else "") + typed).encode("utf-8", "replace")


def paste(text: str, *, bracketed: bool) -> bytes:
    """Pasted text as typed: lines end with CR, and no control character can end the brackets or press a key."""
    lines = text.replace("\r\n", "\r").replace("\n", "\r")
    clean = "".join(c for c in lines if c in "\r\t" or c.isprintable()).encode("utf-8", "replace")
    return b"\x1b[200~" + clean + b"\x1b[201~" if bracketed else clean


def mouse(button: int, x: int, y: int, *, pressed: bool, sgr: bool) -> bytes:
    """A mouse report for the cell `x`, `y` counted from 0. `button` carries xterm's bits for modifiers and motion."""
    if sgr:
        return f"\x1b[<{button};{x + 1};{y + 1}{'M' if pressed else 'm'}".encode()
    if not pressed:
        button = button & ~3 | 3  # the old form cannot say which button was let go
    return b"\x1b[M" + bytes(min(255, 32 + value) for value in (button, x + 1, y + 1))
