"""Carries a shell's output to a widget and typed bytes to the shell. The event loop waits for neither."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from time import perf_counter

from textual.message import Message
from textual.message_pump import MessagePump

from lablib.machine.base import Shell, Size
from tui.terminal.engine import Engine, EngineFactory
from tui.threads import PATIENCE, post, start

MAX_WAITING = 4096
"""Keys, pastes and answers that may wait for the shell before answers of the terminal are dropped: a program that
asks without reading could else make us hold any amount."""

PIECE_SECONDS = 0.007
"""What is read before it is shown is as much as the screen shows in about so long; then no more is read, and the
program waits. Showing it is one piece of work for the event loop, and what is typed meanwhile waits for it."""
MIN_PIECE, MAX_PIECE = 4 * 1024, 256 * 1024

OpenShell = Callable[[Size], Shell]


class Opened(Message):
    """The shell runs; `engine` is new, and made outside the event loop because its first import is slow."""

    def __init__(self, pump: Pump, engine: Engine) -> None:
        super().__init__()
        self.pump = pump
        self.engine = engine


class Output(Message):
    """There is output to `hand_to` the screen."""

    def __init__(self, pump: Pump) -> None:
        super().__init__()
        self.pump = pump


class Finished(Message):
    """The shell has ended with `status`, or could not be had or was lost: then `error` says why."""

    def __init__(self, pump: Pump, status: int | None, error: Exception | None) -> None:
        super().__init__()
        self.pump = pump
        self.status = status
        self.error = error


class Pump:
    """One shell: a thread that reads, only posting to `target`, and a thread that writes."""

    def __init__(self, target: MessagePump, open_shell: OpenShell, engine: EngineFactory, size: Size) -> None:
        self._target = target
        self._open_shell = open_shell
        self._engine = engine
        self._size = size
        self._closed = threading.Event()
        self._output = bytearray()
        self._piece = 16 * 1024
        self._room = threading.Condition()
        self._typed: SimpleQueue[bytes | Size | None] = SimpleQueue()

    def start(self) -> None:
        start("shell-reader", self._read)

    def write(self, data: bytes) -> None:
        self._typed.put(data)

    def reply(self, data: bytes) -> None:
        """Queues an answer of the terminal, unless too many wait already."""
        if self._typed.qsize() < MAX_WAITING:
            self._typed.put(data)

    def resize(self, size: Size) -> None:
        self._typed.put(size)

    def hand_to(self, show: Callable[[bytes], None]) -> None:
        """Has all the output there is now shown. From how long that takes follows how much more is read at once."""
        with self._room:
            data = bytes(self._output)
            self._output.clear()
            self._room.notify()
        began = perf_counter()
        show(data)
        took = perf_counter() - began
        if len(data) >= self._piece:  # less says little of a flood
            fitting = int(len(data) * PIECE_SECONDS / max(took, PIECE_SECONDS / 2))
            self._piece = max(MIN_PIECE, min(MAX_PIECE, fitting))

    def close(self) -> None:
        """Hangs up. Returns at once; the threads end on their own."""
        self._closed.set()
        self._typed.put(None)
        with self._room:
            self._room.notify()

    def _read(self) -> None:
        try:
            engine = self._engine(self._size, self.reply)
            shell = self._open_shell(self._size)
        except Exception as error:  # shown on the screen, whatever it is
            post(self._target, Finished(self, None, error))
            return
        start("shell-writer", lambda: self._write(shell))
        post(self._target, Opened(self, engine))
        try:
            while (data := shell.read()) and self._give(data):
                pass
            finished = Finished(self, shell.status, None)
        except Exception as error:  # likewise
            finished = Finished(self, None, error)
        self._typed.put(None)
        post(self._target, finished)

    def _give(self, data: bytes) -> bool:
        """Adds `data` to what is to be taken, once there is room; False when nobody takes it any more. A terminal hands
        over a few kilobytes at a time: one message for each would cost a flood more than all the rest."""
        with self._room:
            while len(self._output) >= self._piece and self._target.is_running and not self._closed.is_set():
                self._room.wait(PATIENCE)
            asked = bool(self._output)
            self._output += data
        return not self._closed.is_set() and (asked or post(self._target, Output(self)))

    def _write(self, shell: Shell) -> None:
        while (item := self._typed.get()) is not None:
            if isinstance(item, Size):
                shell.resize(item)
            else:
                shell.write(item)
        shell.close()
