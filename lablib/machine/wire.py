"""The frames between a machine's agent and us, on one byte stream that a student must not be able to speak on.

    frame = type (1 byte) channel (2) length (2) tag (8) payload (length)     big endian

`tag` is a keyed BLAKE2b over direction, sequence number, header and payload: a frame that was forged, replayed,
reordered or cut raises `WireError`. The key is made for each boot, sent before any student code runs, and kept in
memory only.

Host to agent the stream has credit: at most `WINDOW` bytes may be unacknowledged. The serial line of User-Mode Linux
stalls for good when more is in flight.
"""

from __future__ import annotations

import os
import struct
from _blake2 import blake2b  # hashlib would load OpenSSL, a fifth of the agent's start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

GREETING = b"labs-agent 1\n"
"""The first bytes an agent writes: its side of the line is raw, and the key may come."""
KEY_BYTES = 32
WINDOW = 3072
"""Bytes in flight from host to agent."""
SHELL_WINDOW = 256 * 1024
"""Bytes of one shell's output that may be unread; then the agent stops reading its PTY."""
MAX_PAYLOAD = 0xFFFF
MAX_CHANNEL = 0xFFFF

_HEADER = struct.Struct(">BHH")
_TAG = 8
OVERHEAD = _HEADER.size + _TAG


class WireError(Exception):
    """What arrived is not what the other side can have sent."""


class Type:
    """Host to agent: SPAWN to KNOW. Agent to host: HELLO to FAULT. Channel 0 is the machine itself. Numbers, and no
    enumeration: the agent's start would wait for `enum` to be imported."""

    SPAWN = 1  # json: argv, cwd, env, tty [columns, rows] or none, limit, input (bytes that INPUT will bring)
    INPUT = 2  # bytes for a PTY, or for the input of a program without one
    RESIZE = 3  # json: [columns, rows]
    HANGUP = 4
    CREDIT = 5  # json: bytes of this shell's output that were consumed
    REMEMBER = 6  # json: task
    CHECK = 7  # json: task
    WATCH = 8  # json: task
    STOP = 9  # stop every process of the student's
    WRITE = 10  # json: path, mode, input (bytes that INPUT will bring)
    QUIT = 11
    VIEW = 12  # json: what of the machine is to be seen from now on; see agent/views.py
    FOREGROUND = 13  # json: the channel of a shell
    SAVE = 14  # json: the fingerprint of the work folder that is kept, or ""; see agent/work.py
    RESTORE = 15  # json: path of an archive to unpack into the work folder, before anything runs in it
    MEASURE = 16  # json: an order whose outcome a task needs; see agent/prover.py
    KNOW = 17  # json: [such an order, what came of it on a machine like this one]
    HELLO = 32  # text in lines: see `hello`
    ACK = 33  # 4 bytes: bytes of host-to-agent stream read
    OUTPUT = 34
    ERROR_OUTPUT = 35
    EXIT = 36  # json: status, truncated
    RESULTS = 37  # json: list of results, one frame
    DONE = (
        38  # json: the answer to REMEMBER, MEASURE, KNOW, STOP, WRITE, FOREGROUND, SAVE (behind its OUTPUT) and RESTORE
    )
    SEEN = 40  # json: what VIEW asked for, whenever it has changed
    FAULT = 39  # json: what went wrong with a request, for our logs


_NAMES = {number: name for name, number in vars(Type).items() if isinstance(number, int)}


def type_name(type: int) -> str:
    """What one of `Type` is called."""
    return _NAMES[type]


class Frame:
    """What one side told the other."""

    def __init__(self, type: int, channel: int, payload: bytes = b"") -> None:
        self.type = type
        self.channel = channel
        self.payload = payload

    def json(self) -> Any:
        """The payload as JSON. Raises WireError; bounded by the frame's size, so nesting is bounded too."""
        import json

        try:
            return json.loads(self.payload)
        except (ValueError, RecursionError) as error:
            raise WireError(f"not JSON in {type_name(self.type)}: {error}") from error


class Encoder:
    """Makes the frames of one direction, in order."""

    def __init__(self, key: bytes, direction: bytes) -> None:
        self._key = key
        self._direction = direction
        self._sequence = 0

    def frame(self, type: int, channel: int, payload: bytes = b"") -> bytes:
        """Raises ValueError when the payload is too long for a frame."""
        if len(payload) > MAX_PAYLOAD:
            raise ValueError(f"{len(payload)} bytes do not fit in a frame")
        header = _HEADER.pack(type, channel, len(payload))
        tag = _tag(self._key, self._direction, self._sequence, header, payload)
        self._sequence += 1
        return header + tag + payload


class Decoder:
    """Turns the bytes of one direction back into frames. Memory is bounded by one frame and what `feed` was given."""

    def __init__(self, key: bytes, direction: bytes) -> None:
        self._key = key
        self._direction = direction
        self._sequence = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yields every whole frame. Raises WireError at the first that is not genuine; the stream is then useless."""
        self._buffer += data
        while len(self._buffer) >= OVERHEAD:
            kind, channel, length = _HEADER.unpack_from(self._buffer)
            end = OVERHEAD + length
            if len(self._buffer) < end:
                return
            header = bytes(self._buffer[: _HEADER.size])
            tag = bytes(self._buffer[_HEADER.size : OVERHEAD])
            payload = bytes(self._buffer[OVERHEAD:end])
            del self._buffer[:end]
            if tag != _tag(self._key, self._direction, self._sequence, header, payload):
                raise WireError("a frame does not carry the key of this boot")
            self._sequence += 1
            if kind not in _NAMES:
                raise WireError(f"{kind} is no type of a frame")
            yield Frame(kind, channel, payload)


TO_AGENT = b"to-agent"
TO_HOST = b"to-host"


def greet(line: int, out: bytes, into: bytes) -> tuple[Encoder, Decoder]:
    """The agent's part of the beginning: says that its line is ready, then takes the key of this boot. Raises OSError,
    or EOFError when the other side is gone."""
    os.write(line, GREETING)
    key = b""
    while len(key) < KEY_BYTES:
        part = os.read(line, KEY_BYTES - len(key))
        if not part:
            raise EOFError("the line closed before the key came")
        key += part
    return Encoder(key, out), Decoder(key, into)


def hello(release: str, controllers: Sequence[str], features: Sequence[str]) -> bytes:
    """The payload of the first frame: the kernel's release, cgroup controllers, and features, each a line of words."""
    return "\n".join((release, " ".join(controllers), " ".join(features))).encode()


def read_hello(payload: bytes) -> tuple[str, list[str], list[str]]:
    """What `hello` made. Raises WireError."""
    try:
        release, controllers, features = payload.decode("ascii").split("\n")
    except ValueError as error:
        raise WireError("that is no hello") from error
    return release, controllers.split(), features.split()


def _tag(key: bytes, direction: bytes, sequence: int, header: bytes, payload: bytes) -> bytes:
    digest = blake2b(payload, digest_size=_TAG, key=key, salt=sequence.to_bytes(8, "big"), person=direction)
    digest.update(header)
    return digest.digest()
