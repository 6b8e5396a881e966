"""The frames of the line: what is not genuine is refused."""

from __future__ import annotations

import pytest

from lablib.machine.wire import (
    MAX_PAYLOAD,
    TO_AGENT,
    TO_HOST,
    Decoder,
    Encoder,
    Frame,
    Type,
    WireError,
    hello,
    read_hello,
)

KEY = bytes(range(32))


def frames(*payloads: bytes) -> list[bytes]:
    encoder = Encoder(KEY, TO_HOST)
    return [encoder.frame(Type.OUTPUT, 7, payload) for payload in payloads]


def test_frames_come_back_whole_however_the_bytes_are_cut() -> None:
    stream = b"".join(frames(b"one", b"", b"x" * MAX_PAYLOAD))
    for size in (1, 7, 1000, len(stream)):
        decoder = Decoder(KEY, TO_HOST)
        found = [f for start in range(0, len(stream), size) for f in decoder.feed(stream[start : start + size])]
        told = [(f.type, f.channel, f.payload) for f in found]
        assert told == [(Type.OUTPUT, 7, p) for p in (b"one", b"", b"x" * MAX_PAYLOAD)]


def test_a_type_that_there_is_not_is_refused() -> None:
    with pytest.raises(WireError):
        list(Decoder(KEY, TO_HOST).feed(Encoder(KEY, TO_HOST).frame(99, 1)))


def test_a_hello_comes_back() -> None:
    assert read_hello(hello("7.3.4-lab", ["cpu", "io"], [])) == ("7.3.4-lab", ["cpu", "io"], [])


@pytest.mark.parametrize("payload", [b"", b"one\ntwo", b"1\n2\n3\n4", b"\xff\n\n"])
def test_a_hello_that_is_none_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        read_hello(payload)


@pytest.mark.parametrize("position", [0, 2, 4, 5, 12, 13, 15])
def test_a_changed_byte_is_refused(position: int) -> None:
    (good,) = frames(b"pay")
    bad = bytearray(good + b"\0" * 70000)  # a changed length asks for more
    bad[position] ^= 1
    with pytest.raises(WireError):
        list(Decoder(KEY, TO_HOST).feed(bytes(bad)))


def test_a_frame_without_the_key_of_this_boot_is_refused() -> None:
    forged = Encoder(b"guess" * 6, TO_HOST).frame(Type.RESULTS, 1, b"[]")
    with pytest.raises(WireError):
        list(Decoder(KEY, TO_HOST).feed(forged))


def test_a_replayed_frame_is_refused() -> None:
    first, _ = frames(b"one", b"two")
    with pytest.raises(WireError):
        list(Decoder(KEY, TO_HOST).feed(first + first))


def test_frames_out_of_order_are_refused() -> None:
    first, second = frames(b"one", b"two")
    with pytest.raises(WireError):
        list(Decoder(KEY, TO_HOST).feed(second + first))


def test_our_own_frames_sent_back_are_refused() -> None:
    echoed = Encoder(KEY, TO_AGENT).frame(Type.CHECK, 1, b"")
    with pytest.raises(WireError):
        list(Decoder(KEY, TO_HOST).feed(echoed))


def test_a_payload_that_does_not_fit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Encoder(KEY, TO_HOST).frame(Type.OUTPUT, 1, b"x" * (MAX_PAYLOAD + 1))


@pytest.mark.parametrize("payload", [b"\xff", b"{", b"[" * 60000])
def test_json_that_is_none_is_a_wire_error(payload: bytes) -> None:
    with pytest.raises(WireError):
        Frame(Type.RESULTS, 1, payload).json()
