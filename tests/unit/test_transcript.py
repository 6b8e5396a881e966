"""What is kept of a command's output, and what it reads as."""

from __future__ import annotations

import random
import time

import pytest

from lablib.session.transcript import LIMIT, MAX_PAUSES, Pause, Transcript, plain


def transcript(*pieces: bytes) -> Transcript:
    made = Transcript()
    for piece in pieces:
        made.add(piece)
    return made


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"one\r\ntwo\r\n", "one\ntwo"),
        (b"\r\n\r\none\r\n\r\ntwo  \r\n", "one\n\ntwo"),
        (b"\x1b[01;34mbin\x1b[0m \x1b[Kx\x1b[m\x1b[K", "bin x"),
        (b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b(Bc\x1b=d", "abcd"),
        (b"\x1bPq#0;1\x1b\\a\x1b_hidden\x1b\\b", "ab"),
        (b"a\x00b\x07c\x7fd", "abcd"),
        (b"a\tb", "a\tb"),
        (b"a\x1b", "a"),
        (b"a\x1b[12", "a12"),
        (b"a\x1b]0;never ended", "a"),
    ],
    ids=["lines", "blank-ends", "colours", "osc", "strings", "controls", "tab", "esc-at-end", "csi-cut", "osc-cut"],
)
def test_sequences_and_controls_are_not_read(output: bytes, text: str) -> None:
    assert plain(output) == text


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"10%\r 50%\r100%\r\n", "100%"),
        (b"long line\rshort\r\n", "shortline"),
        (b"long line\r\x1b[Kshort\r\n", "short"),
        (b"long line\rshort\x1b[0K\r\n", "short"),
        (b"abc\b\bX\r\n", "aXc"),
        (b"\b\babc", "abc"),
        (b"abc\r\r\r\r\ndef", "abc\ndef"),
    ],
    ids=["counter", "over", "erase-then-write", "write-then-erase", "backspace", "before-the-line", "many-returns"],
)
def test_of_a_line_that_was_written_over_only_the_last_form_is_left(output: bytes, text: str) -> None:
    assert plain(output) == text


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("世界\b\b国", "世国"),
        ("世界\rab", "ab界"),
        ("世界\rx", "x 界"),
        ("世界\b\b\bx", " x界"),
        ("ab世\b\bX", "abX"),
        ("abcd\r世", "世cd"),
        ("a世b\r界", "界 b"),
    ],
)
def test_a_wide_character_has_two_cells(output: str, text: str) -> None:
    assert plain(output.encode()) == text


def test_what_is_not_utf_8_is_shown_as_such_and_loses_nothing_beside_it() -> None:
    assert plain(b"a\xff\xfeb\xe4\xb8") == "a\ufffd\ufffdb\ufffd"


def test_a_character_may_come_in_pieces() -> None:
    assert transcript(*(bytes([byte]) for byte in "世界\r\n".encode())).text() == "世界"


def test_short_output_is_kept_whole() -> None:
    data = b"x" * 99 + b"\n"
    assert transcript(*[data] * (LIMIT // 100)).text() == (data.decode() * (LIMIT // 100)).strip()


def test_of_long_output_the_beginning_and_the_end_are_kept_with_a_gap_between() -> None:
    lines = [b"%07d\r\n" % number for number in range(200_000)]
    text = transcript(*lines).text().split("\n")
    assert text[:2] == ["0000000", "0000001"]
    assert text[-1] == "0199999"
    assert text.count("[…]") == 1
    assert LIMIT * 0.7 < len("\n".join(text)) < LIMIT


def test_a_flood_is_kept_within_bounds() -> None:
    made = Transcript()
    for _ in range(1000):
        made.add(b"y\n" * 32768)
    assert len(made.text()) <= LIMIT + 10


@pytest.mark.parametrize(
    "unit",
    [b"\r", b"\r\n", b"\b", b"a\r", b"\x1b", b"\x1b[", b"\x1b]", b"\x1b]0;", b"\x1b[K", b"x\x1b[K\r", "世\b".encode()],
    ids=repr,
)
def test_no_output_takes_long_to_read(unit: bytes) -> None:
    made = transcript(unit * (2 * LIMIT // len(unit)))
    began = time.monotonic()
    made.text()
    assert time.monotonic() - began < 2


def test_garbage_reads_as_text_without_controls() -> None:
    text = plain(random.Random(2).randbytes(LIMIT))
    assert not [character for character in text if character < " " and character not in "\n\t"]


def test_what_was_typed_is_no_output_once_a_command_has_begun() -> None:
    made = transcript(b"echo hi\r\n")
    made.begin()
    made.add(b"hi\r\n")
    made.begin()
    made.add(b"ho\r\n")
    assert made.text() == "hi\nho"


def test_what_was_typed_is_no_output_where_no_command_came_to_run() -> None:
    made = transcript(b"\x07\x1b[7mif )\x1b[27m\b\b\b\bif )\r\n\x1b[?2004l\rbash: syntax error\r\n")
    assert made.text() == "bash: syntax error"


def test_a_line_without_an_end_can_be_dropped() -> None:
    made = transcript(b"welcome\r\n$ ")
    made.drop_line()
    assert made.text() == "welcome"
    empty = Transcript()
    empty.drop_line()
    assert empty.text() == ""


def test_silences_are_told_by_the_lines_before_them_and_short_ones_are_not() -> None:
    now = 0.0
    made = Transcript(lambda: now)
    made.add(b"echo\r\n")
    now = 5.0
    made.begin()
    for passing, data in ((0.1, b"a\r\nb\r\n"), (0.2, b"c\r\n"), (1.1, b"d"), (0.7, b"e\r\n")):
        now += passing
        made.add(data)
    now += 2.9
    made.look_at_clock()
    assert made.pauses == (Pause(3, 1.0), Pause(3, 0.5), Pause(4, 3.0))


def test_a_command_that_stutters_for_ever_is_kept_within_bounds() -> None:
    clock = iter(range(10_000))
    made = Transcript(lambda: next(clock))
    for _ in range(1000):
        made.add(b".")
    assert len(made.pauses) == MAX_PAUSES
