"""The agent's loop: shells, programs, checks and watches, multiplexed over one line. One thread; nothing here waits
for a student."""

from __future__ import annotations

import json
import os
import selectors
import time
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

from lablib.machine.agent.foreground import NOBODY
from lablib.machine.agent.lab import Lab
from lablib.machine.agent.programs import Program, Run, Terminal
from lablib.machine.agent.spawner import SpawnerClient
from lablib.machine.wire import Decoder, Encoder, Frame, Type, type_name

if TYPE_CHECKING:
    from lablib.machine.agent.checks import Checks

WATCH_BUSY = 0.1
"""Seconds between looks at watched checks while the student is at work."""
WATCH_IDLE = 0.5
WATCH_REST = 4.0
"""A look is followed by this many times its own length: a terminal waits meanwhile, and has most of the time so."""
BUSY_FOR = 5.0
MAX_INPUT = 4 << 20
_FOR_CHECKS = (Type.REMEMBER, Type.MEASURE, Type.KNOW, Type.CHECK, Type.WATCH, Type.VIEW)


class Service:
    """Serves requests until the line closes or QUIT comes."""

    def __init__(self, line: int, encoder: Encoder, decoder: Decoder, spawner: SpawnerClient, lab: Lab) -> None:
        self._line = line
        self._encoder = encoder
        self._decoder = decoder
        self._spawner = spawner
        self._lab = lab
        self._selector = selectors.DefaultSelector()
        self._programs: dict[int, Program] = {}
        self._collecting: dict[int, tuple[dict[str, Any], bytearray]] = {}
        self._checks: Checks | None = None
        self._saves: dict[int, Generator[bytes, None, dict[str, Any]]] = {}
        self._active_until = 0.0
        self._ended = False
        self._handlers: Mapping[int, Callable[[Frame], None]] = {
            Type.SPAWN: self._spawn,
            Type.WRITE: self._spawn,
            Type.INPUT: self._input,
            Type.RESIZE: self._resize,
            Type.HANGUP: self._hang_up,
            Type.CREDIT: self._credit,
            Type.STOP: self._stop,
            Type.QUIT: self._quit,
            Type.SAVE: self._save,
            Type.RESTORE: self._restore,
            Type.FOREGROUND: self._foreground,
            **dict.fromkeys(_FOR_CHECKS, self._ask_checks),
        }

    def run(self) -> None:
        """Returns when the other side is gone or asked us to end. Raises WireError when the line is not to be
        trusted any more."""
        self._selector.register(self._line, selectors.EVENT_READ, self._read_line)
        self._selector.register(self._spawner, selectors.EVENT_READ, self._read_reports)
        next_look = 0.0
        while not self._ended:
            watching = self._checks is not None and self._checks.watching
            timeout = 0.0 if self._saves else max(0.0, next_look - time.monotonic()) if watching else None
            for key, events in self._selector.select(timeout):
                key.data(key.fd, events)
            self._go_on_saving()
            now = time.monotonic()
            if self._checks is not None and self._checks.watching and now >= next_look:
                self._checks.look()
                looked = time.monotonic()
                next_look = now + max(self._look_every(now), (1 + WATCH_REST) * (looked - now))

    def _look_every(self, now: float) -> float:
        return WATCH_BUSY if now < self._active_until else WATCH_IDLE

    def send(self, type: int, channel: int, payload: bytes = b"") -> None:
        """Writes a whole frame. Waiting here is right: the host always reads, and what a shell may send is bounded by
        its credit."""
        if type == Type.OUTPUT:
            self._active_until = time.monotonic() + BUSY_FOR
        data = memoryview(self._encoder.frame(type, channel, payload))
        while data:
            data = data[os.write(self._line, data) :]

    def send_json(self, type: int, channel: int, value: Any) -> None:
        self.send(type, channel, json.dumps(value).encode())

    def _read_line(self, _descriptor: int, _events: int) -> None:
        data = os.read(self._line, 65536)
        if not data:
            self._ended = True
            return
        self.send(Type.ACK, 0, len(data).to_bytes(4, "big"))
        for frame in self._decoder.feed(data):
            try:
                self._handlers[frame.type](frame)
            except (OSError, LookupError, TypeError, ValueError) as error:
                fault = f"{type_name(frame.type)}: {type(error).__name__}: {error}"
                self.send_json(Type.FAULT, frame.channel, fault[:500])

    def _read_reports(self, _descriptor: int, _events: int) -> None:
        try:
            while report := self._spawner.report():
                request, status = report
                if program := self._programs.get(request):
                    program.exited(status)
        except EOFError:
            # The student ended their own world's first process, by crashing it: nothing can run there any more.
            self._selector.unregister(self._spawner)
            for program in list(self._programs.values()):
                program.exited(-9)

    # Requests

    def _spawn(self, frame: Frame) -> None:
        request = frame.json()
        if not 0 <= int(request["input"]) <= MAX_INPUT:
            raise ValueError("too much input")
        self._collecting[frame.channel] = (request, bytearray())
        self._start_when_collected(frame.channel)

    def _start_when_collected(self, channel: int) -> None:
        request, data = self._collecting[channel]
        if len(data) < request["input"]:
            return
        del self._collecting[channel]
        kind = Terminal if request.get("tty") else Run
        self._programs[channel] = kind(self, channel, request, bytes(data))

    def _input(self, frame: Frame) -> None:
        if frame.channel in self._collecting:
            self._collecting[frame.channel][1].extend(frame.payload)
            self._start_when_collected(frame.channel)
        elif program := self._programs.get(frame.channel):
            program.input(frame.payload)

    def _resize(self, frame: Frame) -> None:
        if program := self._programs.get(frame.channel):
            columns, rows = frame.json()
            program.resize(int(columns), int(rows))

    def _hang_up(self, frame: Frame) -> None:
        if self._checks is not None:
            self._checks.forget(frame.channel)
        if program := self._programs.get(frame.channel):
            program.hang_up()

    def _credit(self, frame: Frame) -> None:
        if program := self._programs.get(frame.channel):
            program.credit(int(frame.json()))

    def _foreground(self, frame: Frame) -> None:
        program = self._programs.get(int(frame.json()))
        self.send_json(Type.DONE, frame.channel, program.foreground() if program else NOBODY)

    def _ask_checks(self, frame: Frame) -> None:
        if self._checks is None:
            from lablib.machine.agent.checks import Checks  # the student's first shell need not wait for it

            self._checks = Checks(self._lab, self.send, self._listen)
        self._checks.answer(frame)

    def _stop(self, frame: Frame) -> None:
        self.send_json(Type.DONE, frame.channel, self._lab.stop_processes())

    def _quit(self, frame: Frame) -> None:
        self._ended = True

    # The work folder

    def _save(self, frame: Frame) -> None:
        from lablib.machine.agent.work import save  # not before it is needed, with a student at the shell

        self._saves[frame.channel] = save(self._lab.root, self._lab.work_folder, str(frame.json()))

    def _go_on_saving(self) -> None:
        """One step of each, so that a large folder keeps no shell waiting."""
        for channel, steps in list(self._saves.items()):
            try:
                if piece := next(steps):
                    self.send(Type.OUTPUT, channel, piece)
            except StopIteration as end:
                del self._saves[channel]
                self.send_json(Type.DONE, channel, end.value)

    def _restore(self, frame: Frame) -> None:
        from lablib.machine.agent.work import restore

        self.send_json(Type.DONE, frame.channel, restore(self._lab.root, self._lab.work_folder, str(frame.json())))

    # For programs

    @property
    def lab(self) -> Lab:
        return self._lab

    @property
    def spawner(self) -> SpawnerClient:
        return self._spawner

    def listen(self, program: Program, descriptor: int, events: int) -> None:
        """Calls `program.ready` on `events` of `descriptor` from now on; none for 0."""
        self._listen(program.ready, descriptor, events)

    def _listen(self, ready: Callable[[int, int], None], descriptor: int, events: int) -> None:
        registered = descriptor in self._selector.get_map()
        if events and registered:
            self._selector.modify(descriptor, events, ready)
        elif events:
            self._selector.register(descriptor, events, ready)
        elif registered:
            self._selector.unregister(descriptor)

    def forget(self, channel: int) -> None:
        self._programs.pop(channel, None)
