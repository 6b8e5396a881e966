"""Our end of the line to an agent: requests out under credit, answers in, sorted by channel.

One thread reads and never waits for anyone: what a channel may hold is bounded by that channel's credit or limit, and
an agent that sends more than it may is not our agent any more.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
from collections import deque
from typing import Any

from lablib.errors import MachineError
from lablib.machine.wire import (
    GREETING,
    KEY_BYTES,
    MAX_CHANNEL,
    SHELL_WINDOW,
    TO_AGENT,
    TO_HOST,
    WINDOW,
    Decoder,
    Encoder,
    Frame,
    Type,
    WireError,
)

_RECEIVE = 1 << 18
_QUEUE_LIMIT = 4 * SHELL_WINDOW
"""Bytes a channel may hold unread, beyond what its request asked for, before we call it a flood that no agent of ours
would send."""
_INPUT_CHUNK = 1024
_SEND_SECONDS = 30.0
"""How long the agent may leave us without credit. A guest that has the processor acknowledges within milliseconds; one
that has to wait for it is slow and not gone."""


class Channel:
    """The frames of one request, in order. Iterate with `next`; `None` means that the machine is gone. Where only the
    newest counts, it takes the place of one that nobody has read: a reader that is held up for long costs nothing."""

    def __init__(self, link: Link, number: int, limit: int, *, newest: bool = False) -> None:
        self.number = number
        self.slowness = link.slowness
        self._link = link
        self._limit = limit
        self._newest = newest
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._ready = threading.Condition()
        self._closed = False

    def next(self, timeout: float | None = None) -> Frame | None:
        """Waits for the next frame. Raises TimeoutError."""
        with self._ready:
            if not self._ready.wait_for(lambda: self._frames or self._closed, timeout):
                raise TimeoutError
            if not self._frames:
                return None
            frame = self._frames.popleft()
            self._bytes -= len(frame.payload)
            return frame

    def put(self, frame: Frame) -> None:
        """For the link's reader. Raises WireError when more is queued than an agent may send."""
        with self._ready:
            if self._newest:
                self._frames.clear()
                self._bytes = 0
            self._bytes += len(frame.payload)
            if self._bytes > self._limit:
                raise WireError("the agent sent more than it had credit for")
            self._frames.append(frame)
            self._ready.notify_all()

    def end(self) -> None:
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def send(self, type: int, value: Any = None) -> None:
        self._link.send(type, self.number, b"" if value is None else json.dumps(value).encode())

    def send_input(self, data: bytes) -> None:
        for start in range(0, len(data), _INPUT_CHUNK):
            self._link.send(Type.INPUT, self.number, data[start : start + _INPUT_CHUNK])

    def close(self) -> None:
        self._link.forget(self.number)

    def hang_up(self) -> None:
        """Has the agent send no more, and whoever waits for more waits in vain no longer."""
        try:
            self.send(Type.HANGUP)
        except MachineError:
            pass  # it ended with the machine
        self.end()
        self.close()


class Link:
    """A line to an agent, from its greeting on. Every method may be called from any thread."""

    def __init__(self, line: socket.socket, slowness: float = 1.0) -> None:
        """Whoever answers there may take `slowness` times as long as others."""
        self._line = line
        self.slowness = slowness
        key = os.urandom(KEY_BYTES)
        self._key = key
        self._encoder = Encoder(key, TO_AGENT)
        self._decoder = Decoder(key, TO_HOST)
        self._channels: dict[int, Channel] = {}
        self._last_channel = 0
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._rest = memoryview(b"")
        """Of a frame that was begun when credit ran out."""
        self._in_flight = 0
        self._credit = threading.Condition()
        self._hello: queue.Queue[bytes | None] = queue.Queue()
        self.fault = ""
        """Why the line ended, where something was wrong with what came over it."""
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, name="labs-line", daemon=True)
        self._reader.start()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def hello(self, timeout: float) -> bytes | None:
        """What the agent said when it came up; None if the line ended first. Raises TimeoutError."""
        try:
            return self._hello.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None

    def channel(self, bulk: int = 0, *, newest: bool = False) -> Channel:
        """A new channel, for a request whose answer may bring `bulk` bytes before anyone reads, or of whose answers
        only the `newest` counts. Raises MachineError when the machine is gone."""
        with self._lock:
            if self._ended.is_set():
                raise MachineError("machine-gone")
            number = self._last_channel
            while True:
                number = number % MAX_CHANNEL + 1
                if number not in self._channels:
                    break
            self._last_channel = number
            channel = self._channels[number] = Channel(self, number, _QUEUE_LIMIT + bulk, newest=newest)
            return channel

    def forget(self, number: int) -> None:
        with self._lock:
            self._channels.pop(number, None)

    def send(self, type: int, channel: int, payload: bytes = b"") -> None:
        """Sends one frame as far as credit allows, and waits for more. Raises MachineError when the machine is gone, or
        gives none for long. A frame that was begun then is ended before the next one, for to the agent one that was cut
        is forged."""
        with self._sending:
            self._send_rest()
            self._rest = memoryview(self._encoder.frame(type, channel, payload))
            self._send_rest()

    def _send_rest(self) -> None:
        while self._rest:
            with self._credit:
                free = self._credit.wait_for(
                    lambda: self._in_flight < WINDOW or self.ended, _SEND_SECONDS * self.slowness
                )
                if self.ended or not free:
                    raise MachineError("machine-gone" if self.ended else "machine-silent")
                part = self._rest[: WINDOW - self._in_flight]
                self._in_flight += len(part)
            try:
                self._line.sendall(part)
            except OSError as error:
                raise MachineError("machine-gone") from error
            self._rest = self._rest[len(part) :]

    def close(self) -> None:
        """Ends the line; the agent takes that as the end of the lab."""
        self._shut_down()
        if threading.current_thread() is not self._reader:
            self._reader.join(timeout=5)
        self._line.close()

    def _read(self) -> None:
        try:
            rest = self._greeted()
            while True:
                for frame in self._decoder.feed(rest):
                    self._take(frame)
                rest = self._line.recv(_RECEIVE)
                if not rest:
                    return
        except (OSError, EOFError):
            return
        except WireError as error:
            self.fault = str(error)
            self._shut_down()  # whoever speaks there is cut off
        finally:
            self._end()

    def _shut_down(self) -> None:
        try:
            self._line.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was first

    def _greeted(self) -> bytes:
        """Waits for the greeting and answers it with the key; returns what came after it."""
        data = b""
        while len(data) < len(GREETING):
            part = self._line.recv(_RECEIVE)
            if not part:
                raise EOFError
            data += part
        if not data.startswith(GREETING):
            raise WireError("what answers is not our agent")
        self._line.sendall(self._key)
        return data[len(GREETING) :]

    def _take(self, frame: Frame) -> None:
        if frame.type == Type.ACK:
            with self._credit:
                self._in_flight = max(0, self._in_flight - int.from_bytes(frame.payload[:4], "big"))
                self._credit.notify_all()
        elif frame.type == Type.HELLO:
            self._hello.put(frame.payload)
        else:
            with self._lock:
                channel = self._channels.get(frame.channel)
            if channel is not None:
                channel.put(frame)

    def _end(self) -> None:
        with self._lock:
            self._ended.set()
            channels = list(self._channels.values())
        self._hello.put(None)
        for channel in channels:
            channel.end()
        with self._credit:
            self._credit.notify_all()
