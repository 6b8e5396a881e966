from __future__ import annotations

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from tui.terminal.alt import INTRODUCERS, teach_textual
from tui.terminal.keys import encode, mouse, paste


@pytest.mark.parametrize(
    ("key", "character", "expected"),
    [
        ("a", "a", b"a"),
        ("A", "A", b"A"),
        ("中", "中", "中".encode()),
        ("full_stop", ".", b"."),
        ("space", " ", b" "),
        ("enter", "\r", b"\r"),
        ("tab", "\t", b"\t"),
        ("shift+tab", None, b"\x1b[Z"),
        ("escape", "\x1b", b"\x1b"),
        ("backspace", "\x7f", b"\x7f"),
        ("ctrl+c", "\x03", b"\x03"),
        ("ctrl+space", "\0", b"\0"),
        ("ctrl+backslash", "\x1c", b"\x1c"),
        ("ctrl+underscore", "\x1f", b"\x1f"),
        ("ctrl+4", None, b"\x1c"),
        ("alt+b", "b", b"\x1bb"),
        ("alt+b", None, b"\x1bb"),
        ("alt+full_stop", None, b"\x1b."),
        ("alt+enter", None, b"\x1b\r"),
        ("alt+ctrl+h", None, b"\x1b\x08"),
        ("up", None, b"\x1b[A"),
        ("ctrl+left", None, b"\x1b[1;5D"),
        ("shift+alt+end", None, b"\x1b[1;4F"),
        ("delete", None, b"\x1b[3~"),
        ("ctrl+pageup", None, b"\x1b[5;5~"),
        ("f1", None, b"\x1bOP"),
        ("shift+f3", None, b"\x1b[1;2R"),
        ("f5", None, b"\x1b[15~"),
        ("f10", None, b"\x1b[21~"),
        ("f12", None, b"\x1b[24~"),
        ("f20", None, b"\x1b[34~"),
        ("ctrl+f6", None, b"\x1b[17;5~"),
        ("caps_lock", None, b""),
        ("<ignore>", None, b""),
    ],
)
def test_a_key_is_sent_as_xterm_sends_it(key: str, character: str | None, expected: bytes) -> None:
    assert encode(key, character) == expected


def test_arrows_obey_application_cursor_mode_but_not_with_modifiers() -> None:
    assert encode("up", application_cursor=True) == b"\x1bOA"
    assert encode("home", application_cursor=True) == b"\x1bOH"
    assert encode("ctrl+up", application_cursor=True) == b"\x1b[1;5A"


def test_pasted_text_cannot_end_its_brackets_or_press_keys() -> None:
    text = "one\r\ntwo\n\x1b[201~\x03rm\x9b\t中"
    assert paste(text, bracketed=True) == b"\x1b[200~one\rtwo\r[201~rm\t\xe4\xb8\xad\x1b[201~"
    assert paste("a\nb", bracketed=False) == b"a\rb"


def test_mouse_reports_have_both_forms() -> None:
    assert mouse(0, 9, 4, pressed=True, sgr=True) == b"\x1b[<0;10;5M"
    assert mouse(0, 9, 4, pressed=False, sgr=True) == b"\x1b[<0;10;5m"
    assert mouse(0, 9, 4, pressed=True, sgr=False) == b"\x1b[M\x20\x2a\x25"
    assert mouse(2, 0, 0, pressed=False, sgr=False) == b"\x1b[M\x23\x21\x21"
    assert mouse(0, 400, 0, pressed=True, sgr=False)[4] == 255


@pytest.mark.parametrize("typed", [f"\x1b{c}" for c in ".bB1-+/@_?~\x7f\r" if c not in INTRODUCERS])
def test_alt_survives_terminals_that_send_it_as_escape(typed: str) -> None:
    teach_textual()
    (key,) = [event for event in XTermParser().feed(typed) if isinstance(event, events.Key)]
    assert encode(key.key, key.character) == typed.encode()


def test_sequences_that_begin_like_alt_are_still_read_whole() -> None:
    teach_textual()
    keys = [event for event in XTermParser().feed("\x1b[A\x1bOP\x1b[5~") if isinstance(event, events.Key)]
    assert [key.key for key in keys] == ["up", "f1", "pageup"]
