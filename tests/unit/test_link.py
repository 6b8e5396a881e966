"""Our end of the line, against agents that misbehave."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from lablib.errors import MachineError
from lablib.machine import link as link_module
from lablib.machine.wire import WINDOW, Type
from tests.agents import CUTS, FakeAgent


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


def test_an_agent_that_was_slow_is_understood_again_once_it_gives_credit(
    agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "_SEND_SECONDS", 0.2)
    agent.greet()
    channel = agent.link.channel()
    for _ in range(2):  # in the midst of a frame, and before one that is not begun
        with pytest.raises(MachineError):
            channel.send_input(b"z" * 10_000)
    monkeypatch.setattr(link_module, "_SEND_SECONDS", 10.0)
    said = threading.Thread(target=channel.send_input, args=(b"again",))
    said.start()
    got = b""
    while not got.endswith(b"again"):
        data = agent.line.recv(65536)
        got += b"".join(frame.payload for frame in agent.decoder.feed(data))
        agent.send(Type.ACK, 0, len(data).to_bytes(4, "big"))
    said.join(5)
    assert got.strip(b"z") == b"again" and not agent.link.ended


def test_a_reader_who_is_held_up_misses_what_is_old_and_the_machine_is_not_lost(agent: FakeAgent) -> None:
    agent.greet()
    watched, other = agent.link.channel(newest=True), agent.link.channel()
    for number in range(100):
        agent.send(Type.RESULTS, watched.number, b"%d" % number + b"x" * 60_000)
    agent.send(Type.DONE, other.number, b"true")
    assert other.next(10) is not None
    frame = watched.next(5)
    assert frame is not None and frame.payload.startswith(b"99x")
    assert not agent.link.ended


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_an_agent_that_ends_in_the_midst_of_a_frame_is_gone_for_all_who_wait(
    agent: FakeAgent, cut: Callable[[bytes], bytes]
) -> None:
    agent.greet()
    channels = [agent.link.channel() for _ in range(3)]
    agent.send(Type.OUTPUT, channels[0].number, b"whole")
    agent.die(cut, channels[0].number)
    frames = [channels[0].next(5)]
    while frames[-1] is not None:
        frames.append(channels[0].next(5))
    whole = [len(frame.payload) for frame in frames if frame is not None]
    assert whole in ([5], [5, 60_000]), "what was cut is shown to nobody"
    assert [channel.next(5) for channel in channels] == [None, None, None]
    for act in (lambda: channels[0].send(Type.CREDIT, 1), agent.link.channel):
        with pytest.raises(MachineError) as caught:
            act()
        assert caught.value.key == "machine-gone"
    agent.link._reader.join(5)
    assert not agent.link._reader.is_alive()


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
