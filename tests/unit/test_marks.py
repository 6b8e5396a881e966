"""Marks in a program's output: found however it is cut, and only those of our nonce."""

from __future__ import annotations

import os
import random
import shlex
import time
import tracemalloc
from collections.abc import Iterable

import pytest

from lablib.session.marks import Mark, MarkReader, adoption, environment

NONCE = "0badcafe"
C = f"\x1b]133;C;s=12.1;k={NONCE}\x07".encode()
D = f"\x1b]133;D;130;s=12.1;t=1795571946.269868;k={NONCE}\x07".encode()
P = f"\x1b]133;P;s=1.2;k={NONCE}\x07".encode()
FORGED = [
    b"\x1b]133;D;0;s=12.1;t=1.5;k=deadbeef\x07",  # another session's
    b"\x1b]133;D;0\x07",  # another terminal's
    f"\x1b]133;D;0;s=12.1;t=1.5;k={NONCE}\x1b\\".encode(),  # ended by ST
    f"\x1b]133;D;1234;s=12.1;t=1.5;k={NONCE}\x07".encode(),
    f"\x1b]133;A;s=12.1;k={NONCE}\x07".encode(),
    f"\x1b]133;C;s=;k={NONCE}\x07".encode(),
    f"\x1b]133;C;s={'1' * 50};k={NONCE}\x07".encode(),
    f"\x1b]133;D;0;s=1.1;t={'1' * 300};k={NONCE}\x07".encode(),
    f"\x1b]133;C;s=12.1;k={NONCE}0\x07".encode(),
    f"\x1b]133;C;s=12.1;k={NONCE[:-1]}\x07".encode(),
    f"\x1b]133;C;s=12.1;\x1b]133;k={NONCE}\x07".encode(),
]


def read(chunks: Iterable[bytes], nonce: str = NONCE) -> tuple[bytes, list[Mark]]:
    """The output and the marks in `chunks`."""
    reader = MarkReader(nonce)
    pieces = [piece for chunk in chunks for piece in reader.feed(chunk)]
    assert b"" not in pieces
    output = b"".join(piece for piece in pieces if not isinstance(piece, Mark))
    return output, [piece for piece in pieces if isinstance(piece, Mark)]


def test_marks_stand_between_the_output_before_and_after_them() -> None:
    pieces = list(MarkReader(NONCE).feed(b"one" + C + b"two" + D + P + b"three"))
    assert pieces == [
        b"one",
        Mark("C", "12.1"),
        b"two",
        Mark("D", "12.1", 130, "1795571946.269868"),
        Mark("P", "1.2"),
        b"three",
    ]


def test_a_mark_is_found_wherever_the_output_is_cut() -> None:
    data = b"\x1b[1mone" + C + b"\x1b]0;title\x07two" + D + P + b"three"
    whole = read([data])
    assert len(whole[1]) == 3
    for first in range(len(data)):
        for second in (first, first + 1, first + 7):
            assert read([data[:first], data[first:second], data[second:]]) == whole
    assert read(data[at : at + 1] for at in range(len(data))) == whole


@pytest.mark.parametrize("forged", FORGED, ids=repr)
def test_what_is_no_mark_of_ours_stays_output_and_hides_none(forged: bytes) -> None:
    data = b"a" + forged + b"b" + D + b"c"
    for chunks in ([data], [data[at : at + 1] for at in range(len(data))]):
        output, marks = read(chunks)
        assert (output, len(marks)) == (b"a" + forged + b"bc", 1)


@pytest.mark.parametrize("end", [b"\x1b", b"\x1b]", b"\x1b]133;", D[:-1]])
def test_the_beginning_of_a_mark_is_kept_back_until_it_is_known_to_be_none(end: bytes) -> None:
    reader = MarkReader(NONCE)
    assert list(reader.feed(b"text" + end)) == [b"text"]
    after = b"\n" + b"x" * 300
    assert list(reader.feed(after)) == [end + after]


def test_the_beginning_of_another_sequence_is_not_kept_back() -> None:
    assert list(MarkReader(NONCE).feed(b"text\x1b[3")) == [b"text\x1b[3"]
    assert list(MarkReader(NONCE).feed(b"text\x1b]0;ti")) == [b"text\x1b]0;ti"]


@pytest.mark.parametrize(
    "unit",
    [b"x" * 100, b"\x1b", b"\x1b]133;", b"\x1b]133;D;0;s=1.1;t=1", b"1.", D[:-1], FORGED[0], FORGED[7]],
    ids=["text", "escapes", "starts", "cut", "digits", "without-end", "foreign", "too-long"],
)
def test_ten_megabytes_without_a_mark_take_linear_time_and_are_not_held(unit: bytes) -> None:
    flood = unit * ((10 << 20) // len(unit))
    chunks = [flood[at : at + 65536] for at in range(0, len(flood), 65536)]
    reader = MarkReader(NONCE)
    began, total = time.monotonic(), 0
    tracemalloc.start()
    for chunk in chunks:
        total += sum(len(piece) for piece in reader.feed(chunk) if isinstance(piece, bytes))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.monotonic() - began < 10
    assert len(flood) - total < 256
    assert held < 16 * 65536


def test_binary_garbage_comes_through_byte_for_byte() -> None:
    garbage = random.Random(1).randbytes(1 << 20).replace(b"\x1b]", b"\x1b\x1b")
    output, marks = read([garbage[at : at + 1000] for at in range(0, len(garbage), 1000)] + [D])
    assert output == garbage
    assert len(marks) == 1


def test_what_bash_is_given_names_the_nonce_and_no_function() -> None:
    given = environment(NONCE)
    assert set(given) == {"PROMPT_COMMAND", "PS0"}
    assert all(NONCE in value for value in given.values())


def test_the_line_that_adopts_a_bash_is_one_line_and_stays_out_of_the_history() -> None:
    line = adoption(NONCE)
    assert line.startswith(" ")
    assert "\n" not in line
    words = shlex.split(line)
    assert words[0] == "export"
    assert dict(word.split("=", 1) for word in words[1:]) == environment(NONCE)
    assert len(line) < os.sysconf("SC_PAGESIZE") // 2, "a line of a terminal holds 4096 bytes (termios(3))"
