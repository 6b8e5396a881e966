"""The terminal's side of what can be asked of a running lesson."""

from __future__ import annotations

import socket
from typing import Any

from lablib.attach.frames import VERSION, Frame, FrameError, Kind, error_from, receive, send_json
from lablib.attach.sockets import RunningLab, connect
from lablib.errors import LabsError
from lablib.machine.base import Size

HEARD_SECONDS = 10.0
"""How long a lesson that runs at all may take to hear a request."""


def ask_shell(lab: RunningLab, size: Size) -> socket.socket:
    """A connection to a new shell of `lab`, waiting for a machine that is still coming up. Raises LabsError."""
    return _ask(lab, Kind.OPENED, ask="shell", columns=size.columns, rows=size.rows)[0]


def ask_reset(lab: RunningLab) -> float:
    """A fresh machine for `lab`; the seconds it took. Raises LabsError."""
    connection, frame = _ask(lab, Kind.DONE, ask="reset")
    connection.close()
    return float(frame.json())


def _ask(lab: RunningLab, answer: Kind, **request: Any) -> tuple[socket.socket, Frame]:
    connection = connect(lab)
    try:
        connection.settimeout(HEARD_SECONDS)
        send_json(connection, Kind.REQUEST, {"version": VERSION, **request})
        _expect(connection, Kind.HEARD)
        connection.settimeout(None)
        return connection, _expect(connection, answer)
    except BaseException as error:
        connection.close()
        if isinstance(error, OSError | FrameError):
            raise LabsError("lab-silent", chapter=lab.chapter, pid=lab.pid) from error
        raise


def _expect(connection: socket.socket, kind: Kind) -> Frame:
    frame = receive(connection)
    if frame is not None and frame.kind is Kind.ERROR:
        raise error_from(frame.json())
    if frame is None or frame.kind is not kind:
        raise FrameError("not the answer")
    return frame
