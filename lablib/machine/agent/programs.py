"""Programs of the student's that the agent serves: one on a PTY, one on pipes."""

from __future__ import annotations

import fcntl
import os
import selectors
import struct
import termios
from typing import TYPE_CHECKING, Any, Protocol

from lablib.machine.agent.foreground import NOBODY, foreground
from lablib.machine.wire import SHELL_WINDOW, Type

if TYPE_CHECKING:
    from lablib.machine.agent.lab import Lab
    from lablib.machine.agent.spawner import SpawnerClient

CHUNK = 16384
MAX_TYPED = 64 * 1024
"""Bytes typed ahead of a program that does not read; more is dropped, as a full tty line does."""
MAX_DRAIN = 1 << 20
"""Bytes still read from a terminal whose shell has ended."""


class Program(Protocol):
    """What the service needs of a program."""

    def ready(self, descriptor: int, events: int) -> None: ...
    def input(self, data: bytes) -> None: ...
    def resize(self, columns: int, rows: int) -> None: ...
    def credit(self, consumed: int) -> None: ...
    def hang_up(self) -> None: ...
    def exited(self, status: int) -> None: ...
    def foreground(self) -> tuple[str, bool, bool]: ...


class Server(Protocol):
    """What a program needs of the service."""

    @property
    def lab(self) -> Lab: ...
    @property
    def spawner(self) -> SpawnerClient: ...
    def send(self, type: int, channel: int, payload: bytes = b"") -> None: ...
    def send_json(self, type: int, channel: int, value: Any) -> None: ...
    def listen(self, program: Program, descriptor: int, events: int) -> None: ...
    def forget(self, channel: int) -> None: ...


class Terminal:
    """A program on a PTY of the student's world. Output flows as far as the host gives credit."""

    def __init__(self, service: Server, channel: int, request: dict[str, Any], _input: bytes) -> None:
        self._service = service
        self._channel = channel
        self._credit = SHELL_WINDOW
        self._typed = bytearray()
        self._master, slave = _openpty(str(service.lab.terminals))
        try:
            columns, rows = request["tty"]
            self.resize(int(columns), int(rows))
            service.spawner.spawn(_spawn_request(service, channel, request), [slave])
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        self._listen()

    def ready(self, descriptor: int, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush()
        if events & selectors.EVENT_READ and self._master >= 0:
            self._forward(min(CHUNK, self._credit))
        self._listen()

    def input(self, data: bytes) -> None:
        if self._master < 0:
            return
        self._typed += data[: MAX_TYPED - len(self._typed)]
        self._flush()
        self._listen()

    def resize(self, columns: int, rows: int) -> None:
        if self._master >= 0:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def credit(self, consumed: int) -> None:
        self._credit = min(SHELL_WINDOW, self._credit + max(0, consumed))
        self._listen()

    def foreground(self) -> tuple[str, bool, bool]:
        return foreground(self._master) if self._master >= 0 else NOBODY

    def hang_up(self) -> None:
        """Closes the master: the kernel sends SIGHUP to the session. EXIT follows when the program has ended."""
        if self._master >= 0:
            self._service.listen(self, self._master, 0)
            os.close(self._master)
            self._master = -1

    def exited(self, status: int) -> None:
        drained = 0
        while self._master >= 0 and drained < MAX_DRAIN and (count := self._forward(CHUNK)):
            drained += count
        self.hang_up()
        self._service.send_json(Type.EXIT, self._channel, {"status": status, "truncated": False})
        self._service.forget(self._channel)

    def _forward(self, limit: int) -> int:
        try:
            data = os.read(self._master, limit)
        except BlockingIOError:
            return 0
        except OSError:  # EIO: no process holds the other side (pty(7))
            data = b""
        if data:
            self._service.send(Type.OUTPUT, self._channel, data)
            self._credit -= len(data)
        else:
            self.hang_up()
        return len(data)

    def _flush(self) -> None:
        try:
            del self._typed[: os.write(self._master, self._typed)]
        except BlockingIOError:
            return
        except OSError:
            self._typed.clear()

    def _listen(self) -> None:
        if self._master < 0:
            return
        reading = selectors.EVENT_READ if self._credit > 0 else 0
        writing = selectors.EVENT_WRITE if self._typed else 0
        self._service.listen(self, self._master, reading | writing)


class Run:
    """A program on pipes: its output is kept up to a limit, the rest read and thrown away, so that it is never
    stopped by talking too much. After its end the pipes stay open: what it left in the background must not die of
    SIGPIPE before it is graded."""

    def __init__(self, service: Server, channel: int, request: dict[str, Any], data: bytes) -> None:
        self._service = service
        self._channel = channel
        self._truncated = False
        out, out_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        err, err_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(out_end, True)
        os.set_blocking(err_end, True)
        self._types = {out: Type.OUTPUT, err: Type.ERROR_OUTPUT}
        limit = int(request.get("limit", 0))
        self._left = {out: limit, err: limit}
        standard_input = _input_file(data)
        try:
            service.spawner.spawn(_spawn_request(service, channel, request), [standard_input, out_end, err_end])
        except BaseException:
            os.close(out)
            os.close(err)
            raise
        finally:
            for descriptor in (standard_input, out_end, err_end):
                os.close(descriptor)
        for descriptor in self._types:
            service.listen(self, descriptor, selectors.EVENT_READ)

    def ready(self, descriptor: int, events: int) -> None:
        self._forward(descriptor)

    def input(self, data: bytes) -> None:
        """Its input was given whole when it started."""

    def resize(self, columns: int, rows: int) -> None:
        """It has no terminal."""

    def credit(self, consumed: int) -> None:
        """Its output is bounded by its limit instead."""

    def foreground(self) -> tuple[str, bool, bool]:
        """It has no terminal."""
        return NOBODY

    def hang_up(self) -> None:
        """It has no terminal; it is left to run."""

    def exited(self, status: int) -> None:
        for descriptor in list(self._types):
            for _ in range(64):  # a pipe holds 64 KiB by default; more comes only from programs left behind
                if not self._forward(descriptor):
                    break
            self._service.listen(self, descriptor, 0)
        self._service.send_json(Type.EXIT, self._channel, {"status": status, "truncated": self._truncated})
        self._service.forget(self._channel)

    def _forward(self, descriptor: int) -> bool:
        """Whether there was something to read."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._service.listen(self, descriptor, 0)
            return False
        kept = data[: self._left[descriptor]]
        self._left[descriptor] -= len(kept)
        self._truncated |= len(kept) < len(data)
        if kept:
            self._service.send(self._types[descriptor], self._channel, kept)
        return True


def _spawn_request(service: Server, channel: int, request: dict[str, Any]) -> dict[str, Any]:
    common = {"id": channel, "tty": bool(request.get("tty"))}
    if "path" in request:
        return {**common, "write": str(request["path"]), "mode": int(request["mode"])}
    argv = [str(word) for word in request["argv"]]
    if not argv:
        raise ValueError("nothing to run")
    environment = {**service.lab.environment, **request.get("env", {})}
    return {**common, "argv": argv, "env": environment, "cwd": service.lab.work_folder}


def _input_file(data: bytes) -> int:
    if not data:
        return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    descriptor = os.memfd_create("input", os.MFD_CLOEXEC)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _openpty(devpts: str) -> tuple[int, int]:
    """A PTY of the devpts at `devpts`, so that `tty` in the student's world names a file that is there. The slave is
    opened through the master (ioctl_tty(2)): its path would be looked up in our own mount namespace."""
    master = os.open(f"{devpts}/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
    slave = fcntl.ioctl(master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    return master, slave


_TIOCSPTLCK = 0x40045431
_TIOCGPTPEER = 0x5441
