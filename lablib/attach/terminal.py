"""This terminal as that of a shell of a running lesson, and what it was before afterwards, whatever happens."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lablib.attach.client import ask_shell
from lablib.attach.frames import FrameError, Kind, error_from, receive, send, send_json
from lablib.attach.sockets import RunningLab
from lablib.errors import LabsError
from lablib.machine.base import Size

LEAVE = b"\x1d"
"""ctrl+]: typed three times within a second, it leaves a shell that does not answer any more."""
_TIMES, _SECONDS = 3, 1.0
_CHUNK = 4096
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_TIDY = b"\x1b[?1047l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[0m"
"""What a full-screen program that was cut off leaves switched on: the other screen, a hidden cursor, reports of the
mouse, of focus and of pastes, keys of applications, colours."""


class _Ended(BaseException):
    """A signal asks us to end."""

    def __init__(self, number: int) -> None:
        self.number = number


def attach(lab: RunningLab, terminal: int = 0, screen: int = 1) -> int:
    """Makes this terminal one of a new shell of `lab` until that ends. Returns an exit status: the shell's, 128 plus
    the number of a signal that ended it or us, 0 when left by hand. Raises LabsError when the lab is lost."""
    size = os.get_terminal_size(terminal)
    connection = ask_shell(lab, Size(size.columns, size.lines))
    try:
        with connection, _Resizes(terminal) as resizes, _raw(terminal, screen):
            status = _carry(connection, terminal, screen, resizes)
    except _Ended as ended:
        return 128 + ended.number
    except (OSError, FrameError) as error:
        raise LabsError("shell-gone", chapter=lab.chapter) from error
    if status is None:
        raise LabsError("shell-gone", chapter=lab.chapter)
    return status if status >= 0 else 128 - status


def _carry(connection: socket.socket, terminal: int, screen: int, resizes: _Resizes) -> int | None:
    """Carries bytes both ways until the shell has ended; its status, None when it is lost."""
    left = _Leaving()
    with selectors.DefaultSelector() as selector:
        for source in (connection.fileno(), terminal, resizes.descriptor):
            selector.register(source, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if resizes.descriptor in ready:
                send_json(connection, Kind.RESIZE, resizes.take())
            if terminal in ready:
                typed = os.read(terminal, _CHUNK)
                if not typed or left.by(typed):
                    return 0
                send(connection, Kind.INPUT, typed)
            if connection.fileno() in ready:
                frame = receive(connection)
                if frame is None:
                    return None
                if frame.kind is Kind.ENDED:
                    status = frame.json()
                    return status if isinstance(status, int) else None
                if frame.kind is Kind.ERROR:
                    raise error_from(frame.json())
                _write(screen, frame.payload)


class _Leaving:
    """Sees LEAVE typed often enough."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def by(self, typed: bytes) -> bool:
        if typed.strip(LEAVE):
            self._times.clear()
            return False
        self._times += [time.monotonic()] * len(typed)
        self._times = self._times[-_TIMES:]
        return len(self._times) == _TIMES and self._times[-1] - self._times[0] < _SECONDS


class _Resizes:
    """Hears SIGWINCH as something to be read."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal

    def __enter__(self) -> _Resizes:
        self.descriptor, self._end = os.pipe2(os.O_CLOEXEC)
        self._before = signal.signal(signal.SIGWINCH, lambda *_: os.write(self._end, b"x") and None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGWINCH, self._before)
        os.close(self.descriptor)
        os.close(self._end)

    def take(self) -> list[int]:
        """The size there is now."""
        os.read(self.descriptor, _CHUNK)
        return list(os.get_terminal_size(self._terminal))


@contextmanager
def _raw(terminal: int, screen: int) -> Iterator[None]:
    """The terminal passes every key on; a signal to end becomes `_Ended`, and can then no longer keep us from
    restoring what was."""
    before = termios.tcgetattr(terminal)
    handlers = {number: signal.signal(number, _end) for number in _ENDING}
    try:
        tty.setraw(terminal)
        yield
    finally:
        try:
            _write(screen, _TIDY)
            termios.tcflush(terminal, termios.TCIFLUSH)  # what was typed for the lab is not for the shell out here
            termios.tcsetattr(terminal, termios.TCSANOW, before)
        except (OSError, termios.error):
            pass  # the terminal itself is gone
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    for ending in _ENDING:
        signal.signal(ending, signal.SIG_IGN)
    raise _Ended(number)


def _write(screen: int, data: bytes) -> None:
    while data:
        data = data[os.write(screen, data) :]
