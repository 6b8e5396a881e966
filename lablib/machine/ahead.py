"""Guests that are on their way before anybody asks for one: the first while a screen is being made, the next while a
student is at work. A guest that waits costs memory and no time: its agent sleeps until it is spoken to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Protocol

from lablib.errors import MachineError
from lablib.machine.base import Machine

REST_SECONDS = 3.0
"""After a guest was taken, until the next begins: its student has a prompt by then."""
SPARE_MEMORY = 1 << 30
"""Bytes that this machine must have left for one to wait in it."""


class Beginning(Machine, Protocol):
    """A machine that can be sent on its way."""

    @property
    def is_coming(self) -> bool:
        """Whether it has begun and not failed yet."""

    def begin(self) -> None:
        """Begins, and waits for nothing; `open` does. Raises MachineError."""


class Ahead:
    """Hands out machines, each begun before it is asked for where that can be. Called, it is a factory of machines.
    `rest` is how long after one was taken the next begins; REST_SECONDS if not given."""

    def __init__(self, make: Callable[[], Beginning], rest: float | None = None) -> None:
        self._make = make
        self._rest = REST_SECONDS if rest is None else rest
        self._next: Beginning | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._timer: threading.Timer | None = None

    def begin(self) -> None:
        """Sends one on its way if none is. What keeps it from coming is told by the next one that is asked for."""
        with self._lock:
            if self._closed or self._next is not None or available_memory() < SPARE_MEMORY:
                return
            with suppress(MachineError), ExitStack() as undo:
                machine = self._make()
                undo.callback(machine.close)
                machine.begin()
                undo.pop_all()
                self._next = machine

    def __call__(self) -> Machine:
        """The machine that waits, or a new one; another begins a little later."""
        with self._lock:
            machine, self._next = self._next, None
        if machine is not None and not machine.is_coming:
            machine.close()
            machine = None
        self._begin_later()
        return machine or self._make()

    def close(self) -> None:
        """Takes the machine that waits away; those that were handed out are not ours any more."""
        with self._lock:
            self._closed = True
            machine, self._next = self._next, None
            if self._timer is not None:
                self._timer.cancel()
        if machine is not None:
            machine.close()

    def _begin_later(self) -> None:
        with self._lock:
            if not self._closed:
                self._timer = threading.Timer(self._rest, self.begin)
                self._timer.daemon = True
                self._timer.start()


def available_memory() -> int:
    """Bytes that this machine can give without swapping: MemAvailable of proc_meminfo(5)."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return 0
