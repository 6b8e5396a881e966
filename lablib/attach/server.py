"""The lesson's side: each terminal that comes is heard in threads of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from lablib.attach.frames import VERSION, FrameError, Kind, error_value, receive, send, send_json
from lablib.attach.sockets import is_same_user, listen, remove
from lablib.errors import LabsError
from lablib.machine.base import Shell, Size

MOST = 16
"""Terminals at once; others wait unheard."""
REQUEST_SECONDS = 5.0
"""How long a terminal that has come may take to say what it wants."""


class ControlSocket:
    """The socket of the lesson of `chapter`. `open_shell` and `reset` are called in threads, and may wait; `reset`
    returns the seconds it took. What they raise is told to who asked."""

    def __init__(self, chapter: str, open_shell: Callable[[Size], Shell], reset: Callable[[], float]) -> None:
        self._chapter = chapter
        self._open_shell = open_shell
        self._reset = reset
        self._room = threading.Semaphore(MOST)
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        self._closed = False

    @property
    def is_open(self) -> bool:
        return self._listening is not None

    def open(self) -> None:
        """Lets terminals in from now on, unless it was closed. Raises LabsError when there can be no socket."""
        with self._lock:
            if not self._closed:
                self._listening, self._lab = listen(self._chapter)
                _start("attach-accept", partial(self._accept, self._listening))

    def close(self) -> None:
        """Lets no more in; those that are there stay until their shells end. Safe to call twice."""
        with self._lock:
            self._closed = True
            listening, self._listening = self._listening, None
        if listening is not None:
            remove(self._lab)
            listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listening.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            self._room.acquire()
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # closed
            _start("attach-terminal", partial(self._hear, connection))

    def _hear(self, connection: socket.socket) -> None:
        try:
            with connection:
                if is_same_user(connection):
                    self._serve(connection)
        except (OSError, FrameError):
            pass  # the terminal went away, or speaks something else
        finally:
            self._room.release()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(REQUEST_SECONDS)
        frame = receive(connection)
        connection.settimeout(None)
        if frame is None or frame.kind is not Kind.REQUEST or not isinstance(request := frame.json(), dict):
            raise FrameError("not a request")
        try:
            self._answer(connection, request)
        except (OSError, FrameError):
            raise
        except LabsError as error:
            send_json(connection, Kind.ERROR, error_value(error))
        except Exception as error:  # whatever it is, who asked must hear of it
            unforeseen = LabsError("unforeseen", reason=f"{type(error).__name__}: {error}")
            send_json(connection, Kind.ERROR, error_value(unforeseen))

    def _answer(self, connection: socket.socket, request: dict[str, Any]) -> None:
        if request.get("version") != VERSION:
            raise LabsError("attach-version", chapter=self._chapter)
        send(connection, Kind.HEARD)
        match request.get("ask"):
            case "shell":
                self._attach(connection, _size([request.get("columns"), request.get("rows")]))
            case "reset":
                send_json(connection, Kind.DONE, self._reset())
            case _:
                raise FrameError("nothing that can be asked")

    def _attach(self, connection: socket.socket, size: Size) -> None:
        shell = self._open_shell(size)
        try:
            send(connection, Kind.OPENED)
            _start("attach-input", partial(_type, connection, shell))
            while data := shell.read():
                send(connection, Kind.OUTPUT, data)
            send_json(connection, Kind.ENDED, shell.status)
        finally:
            shell.close()
            connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that types


def _type(connection: socket.socket, shell: Shell) -> None:
    """What comes from the terminal goes to the shell, which is hung up when the terminal goes away."""
    try:
        while frame := receive(connection):
            if frame.kind is Kind.INPUT:
                shell.write(frame.payload)
            elif frame.kind is Kind.RESIZE:
                shell.resize(_size(frame.json()))
    except (OSError, FrameError):
        pass  # it went away without a word
    finally:
        shell.close()


def _size(value: Any) -> Size:
    match value:
        case [int(columns), int(rows)] if 0 < columns < 1 << 15 and 0 < rows < 1 << 15:
            return Size(columns, rows)
    raise FrameError("not a size")


def _start(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
