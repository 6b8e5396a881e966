"""What is spoken between a terminal and a running lesson, on a stream socket.

    frame = kind (1 byte) length (4) payload (length)     big endian

The terminal sends one REQUEST. The lesson answers HEARD at once, so that a lesson that has stopped is told from one
that is busy, and then as the request asks:

    shell   OPENED, OUTPUT…, ENDED; meanwhile the terminal sends INPUT and RESIZE
    reset   DONE

or ERROR in place of any of these. Both sides run as one user; nothing here protects them from one another but that
sizes are bounded.
"""

from __future__ import annotations

import json
import socket
import struct
from enum import IntEnum
from typing import Any, NamedTuple

from lablib.errors import LabsError

VERSION = 1
MAX_PAYLOAD = 1 << 16
_HEADER = struct.Struct(">BI")


class Kind(IntEnum):
    REQUEST = 1  # json: version, ask ("shell" or "reset"), for a shell columns and rows
    INPUT = 2  # bytes typed
    RESIZE = 3  # json: [columns, rows]
    HEARD = 16
    OPENED = 17
    OUTPUT = 18  # bytes for the terminal
    ENDED = 19  # json: the shell's status as `Shell.status` has it
    DONE = 20  # json: seconds it took
    ERROR = 21  # json: key and params of a LabsError


class FrameError(Exception):
    """What came is no frame."""


class Frame(NamedTuple):
    kind: Kind
    payload: bytes = b""

    def json(self) -> Any:
        """Raises FrameError."""
        try:
            return json.loads(self.payload)
        except (ValueError, RecursionError) as error:
            raise FrameError(f"not JSON in {self.kind.name}") from error


def send(connection: socket.socket, kind: Kind, payload: bytes = b"") -> None:
    """Raises OSError."""
    for start in range(0, max(1, len(payload)), MAX_PAYLOAD):
        part = payload[start : start + MAX_PAYLOAD]
        connection.sendall(_HEADER.pack(kind, len(part)) + part)


def send_json(connection: socket.socket, kind: Kind, value: Any) -> None:
    send(connection, kind, json.dumps(value).encode())


def receive(connection: socket.socket) -> Frame | None:
    """The next frame; None at the end. Raises FrameError, OSError, and TimeoutError after the socket's timeout."""
    head = _exactly(connection, _HEADER.size)
    if head is None:
        return None
    number, length = _HEADER.unpack(head)
    if length > MAX_PAYLOAD or number not in list(Kind):
        raise FrameError("not a frame of ours")
    payload = _exactly(connection, length)
    return None if payload is None else Frame(Kind(number), payload)


def error_value(error: LabsError) -> dict[str, Any]:
    """An error as ERROR carries it."""
    return {"key": error.key, "params": error.params}


def error_from(value: Any) -> LabsError:
    """The error that ERROR carries; it is rendered in the language of who reads it. Raises FrameError."""
    if not isinstance(value, dict) or not isinstance(value.get("params"), dict):
        raise FrameError("an error that is none")
    error = LabsError(str(value.get("key")))
    error.params = {str(name): str(text) for name, text in value["params"].items()}
    return error


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            return None
        data += part
    return data
