"""Agents of tests: the other end of a link, doing what a test says, and a machine whose agent is one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from lablib.machine.base import Capabilities
from lablib.machine.link import Link
from lablib.machine.served import ServedMachine, capabilities
from lablib.machine.wire import GREETING, KEY_BYTES, TO_AGENT, TO_HOST, Decoder, Encoder, Frame, Type, hello

CUTS: dict[str, Callable[[bytes], bytes]] = {
    "at its end": lambda frame: frame,
    "in its header": lambda frame: frame[:3],
    "in its tag": lambda frame: frame[:9],
    "in its payload": lambda frame: frame[:-10],
    "by garbage in its payload": lambda frame: frame[:-10] + bytes(range(256)) * 300,
    "by garbage in its header": lambda frame: frame[:1] + b"\xff" * 70_000,
}
"""What is left of a frame when an agent ends in the midst of it."""


class FakeAgent:
    """The other end of `link`, doing what a test says."""

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

    def die(self, cut: Callable[[bytes], bytes], channel: int) -> None:
        """Sends what `cut` leaves of a frame of output, and is gone."""
        with suppress(OSError):  # it was cut off before all of it was through
            self.line.sendall(cut(self.encoder.frame(Type.OUTPUT, channel, b"x" * 60_000)))
        self.end()

    def end(self) -> None:
        """As when its process ends, whoever may be reading."""
        with suppress(OSError):  # the other side was first
            self.line.shutdown(socket.SHUT_RDWR)
        self.line.close()


class FakeServed(ServedMachine):
    """A machine whose agent answers what a lesson at a step asks, and has a shell with a prompt."""

    kind = "guest"

    def _launch(self) -> tuple[Link, Capabilities]:
        self.agent = FakeAgent()
        self.shell_channel = 0
        threading.Thread(target=self._serve, name="fake-agent", daemon=True).start()
        said = self.agent.link.hello(10)
        assert said is not None
        return self.agent.link, capabilities("guest", said, "/root/lab", practice=True)

    def _take_down(self) -> None:
        self.agent.end()

    def _serve(self) -> None:
        agent = self.agent
        try:
            agent.greet()
            agent.send(Type.HELLO, 0, hello("6.1.0", ["memory"], []))
            while data := agent.line.recv(65536):
                agent.send(Type.ACK, 0, len(data).to_bytes(4, "big"))
                for frame in agent.decoder.feed(data):
                    self._answer(frame)
        except OSError:
            pass  # it was made to die, or the machine was taken away

    def _answer(self, frame: Frame) -> None:
        if frame.type == Type.SPAWN and frame.json().get("tty"):
            self.shell_channel = frame.channel
            self.agent.send(Type.OUTPUT, frame.channel, b"lab# ")
        elif frame.type == Type.FOREGROUND:
            self.agent.send(Type.DONE, frame.channel, json.dumps(["bash", True, True]).encode())
