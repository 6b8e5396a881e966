"""Our end of the line, against agents that misbehave."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from lablib.errors import MachineError
from lablib.machine import link as link_module
from lablib.machine.link import Link
from lablib.machine.wire import GREETING, KEY_BYTES, TO_AGENT, TO_HOST, WINDOW, Decoder, Encoder, Type


class FakeAgent:
    """The other end, doing what a test says."""

    def __init__(self) -> None:
        ours, self.line = socket.socketpair()
        self.link = Link(ours)

    def greet(self) -> None:
        self.line.sendall(GREETING)
        key = b""
        while len(key) < KEY_BYTES:
            key += self.line.recv(KEY_BYTES - len(key))
        self.encoder = Encoder(key, TO_HOST)
        self.decoder = Decoder(key, TO_AGENT)

    def send(self, type: int, channel: int, payload: bytes = b"") -> None:
        self.line.sendall(self.encoder.frame(type, channel, payload))


@pytest.fixture
def agent() -> Iterator[FakeAgent]:
    agent = FakeAgent()
    yield agent
    agent.link.close()
    agent.line.close()


def test_a_stranger_is_not_greeted(agent: FakeAgent) -> None:
    agent.line.sendall(b"login: something else\n")
    assert agent.link.hello(5) is None
    assert "not our agent" in agent.link.fault


def test_a_hello_arrives(agent: FakeAgent) -> None:
    agent.greet()
    agent.send(Type.HELLO, 0, b"1\ncpu io\npsi")
    assert agent.link.hello(5) == b"1\ncpu io\npsi"


def test_a_forged_frame_ends_the_line_and_says_so(agent: FakeAgent) -> None:
    agent.greet()
    channel = agent.link.channel()
    agent.line.sendall(b"\x25" + b"\0" * 64)
    assert channel.next(5) is None
    assert agent.link.fault
    with pytest.raises(MachineError):
        agent.link.channel()


def test_an_agent_that_sends_beyond_its_credit_is_cut_off(agent: FakeAgent) -> None:
    agent.greet()
    channel = agent.link.channel()
    with pytest.raises(OSError):  # the line is closed under the flood
        for _ in range(100):
            agent.send(Type.OUTPUT, channel.number, b"x" * 60000)
            if agent.link.ended:
                raise BrokenPipeError
    assert "credit" in agent.link.fault


def test_an_answer_may_be_as_large_as_its_request_allows_before_anyone_reads(agent: FakeAgent) -> None:
    agent.greet()
    large = agent.link.channel(bulk=4 << 20)
    for _ in range(80):
        agent.send(Type.OUTPUT, large.number, b"x" * 60000)
    agent.send(Type.EXIT, large.number, b"{}")
    frames = [large.next(5) for _ in range(81)]
    assert [frame.type for frame in frames if frame][-1] == Type.EXIT
    assert not agent.link.fault


def test_no_more_than_the_window_is_in_flight(agent: FakeAgent) -> None:
    agent.greet()
    channel = agent.link.channel()
    sender = threading.Thread(target=channel.send_input, args=(b"y" * 10_000,))
    sender.start()
    seen = b""
    agent.line.settimeout(0.3)
    try:
        while True:
            seen += agent.line.recv(65536)
    except TimeoutError:
        pass
    assert len(seen) == WINDOW
    agent.line.settimeout(5)
    got = b"".join(f.payload for f in agent.decoder.feed(seen))
    waiting = len(seen)
    while len(got) < 10_000:
        agent.send(Type.ACK, 0, waiting.to_bytes(4, "big"))
        data = agent.line.recv(65536)
        waiting = len(data)
        got += b"".join(f.payload for f in agent.decoder.feed(data))
    sender.join(5)
    assert got == b"y" * 10_000


def test_an_agent_that_gives_no_credit_is_called_silent(agent: FakeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "_SEND_SECONDS", 0.2)
    agent.greet()
    channel = agent.link.channel()
    with pytest.raises(MachineError) as caught:
        channel.send_input(b"z" * 10_000)
    assert caught.value.key == "machine-silent"


def test_frames_for_a_channel_that_was_closed_are_dropped(agent: FakeAgent) -> None:
    agent.greet()
    old = agent.link.channel()
    old.close()
    for _ in range(200):
        agent.send(Type.OUTPUT, old.number, b"x" * 60000)
    new = agent.link.channel()
    agent.send(Type.DONE, new.number, b"true")
    frame = new.next(5)
    assert frame is not None
    assert frame.json() is True


def test_a_line_that_ends_wakes_every_waiter(agent: FakeAgent) -> None:
    agent.greet()
    channel = agent.link.channel()
    threading.Timer(0.1, agent.line.shutdown, [socket.SHUT_RDWR]).start()
    began = time.monotonic()
    assert channel.next(10) is None
    assert time.monotonic() - began < 5
