"""What a machine offers, spoken to its agent over a link: the same for a guest and a host."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from lablib.errors import MachineError
from lablib.machine.base import Capabilities, Completed, Foreground, Shell, Size, View, Watch
from lablib.machine.link import Channel, Link
from lablib.machine.wire import Frame, Type, WireError, read_hello
from lablib.text import one_line

if TYPE_CHECKING:
    from lablib.verdict import Result

ANSWER_SECONDS = 30.0
"""How long a file may take, or what else is milliseconds in a machine that has the processor."""
CHECK_SECONDS = 120.0
"""How long checks may take: there are those that try programs out, with a limit of their own (`agent.trials`)."""
MEASURE_SECONDS = 2000.0
STOP_SECONDS = 25.0
"""How long stopping may take: the agent gives up well before (`agent.lab.STOP_SECONDS`)."""


class ServedShell:
    """A program on a PTY behind the agent."""

    def __init__(self, channel: Channel, request: dict[str, Any], ask: Callable[[int, Any], Frame]) -> None:
        self._channel = channel
        self._ask = ask
        self._status: int | None = None
        self._ended = threading.Event()
        channel.send(Type.SPAWN, request)

    @property
    def status(self) -> int | None:
        return self._status

    def read(self) -> bytes:
        while not self._ended.is_set():
            frame = self._channel.next()
            if frame is None or frame.type in (Type.EXIT, Type.FAULT):
                self._end(frame)
            elif frame.type == Type.OUTPUT:
                self._tell(Type.CREDIT, len(frame.payload))
                return frame.payload
        return b""

    def write(self, data: bytes) -> None:
        if not self._ended.is_set():
            try:
                self._channel.send_input(data)
            except MachineError:
                return  # `read` says that it has ended

    def resize(self, size: Size) -> None:
        self._tell(Type.RESIZE, [size.columns, size.rows])

    def close(self) -> None:
        self._tell(Type.HANGUP)

    def foreground(self) -> Foreground:
        if self._ended.is_set():
            return Foreground("", False)
        found = self._ask(Type.FOREGROUND, self._channel.number).json()
        if not isinstance(found, list) or len(found) != 3:
            raise WireError("not a foreground")
        return Foreground(one_line(_short(found[0])), found[1] is True, found[2] is True)

    def _tell(self, type: int, value: Any = None) -> None:
        if not self._ended.is_set():
            try:
                self._channel.send(type, value)
            except MachineError:
                return

    def _end(self, frame: Frame | None) -> None:
        if frame is not None and frame.type == Type.EXIT:
            self._status = _status(frame)
        self._ended.set()
        self._channel.close()


T = TypeVar("T")


class Stream(Generic[T]):
    """What the agent sends whenever it has changed; only the newest matters, so what is late is skipped."""

    def __init__(self, channel: Channel, request: int, value: str, answer: int, read: Callable[[Frame], T]) -> None:
        self._channel = channel
        self._answer = answer
        self._read = read
        channel.send(request, value)

    def __iter__(self) -> Iterator[T]:
        while (frame := self._channel.next()) is not None:
            if frame.type == self._answer:
                yield self._read(frame)

    def close(self) -> None:
        self._channel.hang_up()


class ServedMachine:
    """A machine with an agent. Subclasses say how one comes up (`_launch`) and how it goes (`_take_down`)."""

    kind = ""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._capabilities: Capabilities | None = None
        self._closing = threading.Lock()
        self._closed = False

    def _launch(self) -> tuple[Link, Capabilities]:
        raise NotImplementedError

    def _take_down(self) -> None:
        raise NotImplementedError

    def open(self) -> Capabilities:
        try:
            self._link, self._capabilities = self._launch()
        except BaseException:
            self.close()
            raise
        return self._capabilities

    @property
    def capabilities(self) -> Capabilities:
        if self._capabilities is None:
            raise MachineError("machine-gone")
        return self._capabilities

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
            if self._link is not None:
                self._link.close()
            self._take_down()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def shell(self, size: Size, argv: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Shell:
        request = {
            "argv": list(argv) or ["/bin/bash"],
            "env": dict(environment or {}),
            "tty": [size.columns, size.rows],
            "input": 0,
        }
        return ServedShell(self._channel(), request, self._ask)

    def run(self, argv: Sequence[str], *, timeout: float = 60.0, limit: int = 1 << 20) -> Completed:
        channel = self._channel(2 * limit)
        channel.send(Type.SPAWN, {"argv": list(argv), "limit": limit, "input": 0})
        return _collect(channel, timeout, limit)

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        channel = self._channel()
        channel.send(Type.WRITE, {"path": path, "mode": mode, "input": len(data), "limit": 1000})
        channel.send_input(data)
        done = _collect(channel, ANSWER_SECONDS, 1000)
        if done.status is None:
            raise MachineError("machine-silent")
        if done.status != 0:
            raise MachineError("put-failed", path=path, reason=done.err.decode(errors="replace").strip())

    def remember(self, task: str, parameters: Mapping[str, str] | None = None) -> Mapping[str, Any] | None:
        order = self._ask(Type.REMEMBER, [task, dict(parameters or {})]).json()
        return order if isinstance(order, dict) else None

    def measure(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._ask(Type.MEASURE, order, seconds=MEASURE_SECONDS).json()
        if not isinstance(answer, dict):
            raise WireError("not an outcome")
        return answer

    def know(self, order: Mapping[str, Any], outcome: Mapping[str, Any]) -> None:
        self._ask(Type.KNOW, [order, outcome])

    def identity(self) -> bytes:
        raise NotImplementedError

    def check(self, task: str) -> tuple[Result, ...]:
        return _results(self._ask(Type.CHECK, task, seconds=CHECK_SECONDS))

    def watch(self, task: str) -> Watch:
        return Stream(self._link_up().channel(newest=True), Type.WATCH, task, Type.RESULTS, _results)

    def view(self, name: str) -> View:
        from lablib.machine.seen import ViewStream  # not before it is asked for

        return ViewStream(self._channel(), name)

    def stop_processes(self) -> bool:
        return self._ask(Type.STOP, seconds=STOP_SECONDS).json() is True

    def save_work(self) -> bool:
        if self._link_up().ended:
            raise MachineError("machine-gone")
        return False

    def _channel(self, bulk: int = 0) -> Channel:
        return self._link_up().channel(bulk)

    def _link_up(self) -> Link:
        if self._link is None:
            raise MachineError("machine-gone")
        return self._link

    def _ask(self, type: int, value: Any = None, *, seconds: float = ANSWER_SECONDS) -> Frame:
        return ask(self._channel(), type, value, seconds)


def ask(channel: Channel, type: int, value: Any = None, seconds: float = ANSWER_SECONDS) -> Frame:
    """Sends a request that has one frame for an answer, and returns that. Raises MachineError."""
    try:
        channel.send(type, value)
        return answer(channel, seconds)
    finally:
        channel.close()


def answer(channel: Channel, seconds: float = ANSWER_SECONDS) -> Frame:
    """The next frame of an answer. Raises MachineError, also when the agent says that it failed."""
    try:
        frame = channel.next(seconds * channel.slowness)
    except TimeoutError:
        raise MachineError("machine-silent") from None
    if frame is None:
        raise MachineError("machine-gone")
    if frame.type == Type.FAULT:
        raise MachineError("agent-fault", reason=str(frame.json()))
    return frame


def _collect(channel: Channel, timeout: float, limit: int) -> Completed:
    """Gathers a program's output until it ends or time is up."""
    kept = {Type.OUTPUT: bytearray(), Type.ERROR_OUTPUT: bytearray()}
    end = time.monotonic() + timeout * channel.slowness
    while True:
        try:
            frame = channel.next(max(0.0, end - time.monotonic()))
        except TimeoutError:
            channel.close()
            return Completed(None, bytes(kept[Type.OUTPUT]), bytes(kept[Type.ERROR_OUTPUT]))
        if frame is None:
            raise MachineError("machine-gone")
        if frame.type in kept:
            room = limit - len(kept[frame.type])
            kept[frame.type] += frame.payload[: max(0, room)]
        elif frame.type == Type.FAULT:
            channel.close()
            raise MachineError("agent-fault", reason=str(frame.json()))
        elif frame.type == Type.EXIT:
            channel.close()
            truncated = frame.json().get("truncated") is True
            return Completed(_status(frame), bytes(kept[Type.OUTPUT]), bytes(kept[Type.ERROR_OUTPUT]), truncated)


def capabilities(
    kind: str,
    hello: bytes,
    work_folder: str,
    *,
    practice: bool = False,
    slowness: float = 1.0,
    warnings: tuple[str, ...] = (),
) -> Capabilities:
    """An agent's hello, taken as no more than short words. Raises WireError."""
    release, controllers, features = read_hello(hello)
    return Capabilities(
        kind=kind,
        release=one_line(_short(release)),
        work_folder=work_folder,
        controllers=tuple(_short(name) for name in controllers[:64]),
        features={_short(name): True for name in features[:64]},
        practice=practice,
        slowness=slowness,
        warnings=warnings,
    )


def _short(value: object) -> str:
    return str(value)[:100]


def _status(frame: Frame) -> int:
    value = frame.json()
    status = value.get("status") if isinstance(value, dict) else None
    if not isinstance(status, int):
        raise WireError("an exit without a status")
    return status


def _results(frame: Frame) -> tuple[Result, ...]:
    from lablib.verdict import Result

    values = frame.json()
    if not isinstance(values, list):
        raise WireError("results are not a list")
    try:
        return tuple(Result.from_json(value) for value in values)
    except ValueError as error:
        raise WireError(str(error)) from error
