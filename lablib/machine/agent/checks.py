"""The agent's part that knows the checks: what a scene left is remembered, tasks are checked and watched, and live
views of the machine are sent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import checkers  # noqa: F401 - registers the checks
from lablib.machine.agent.lab import Lab
from lablib.machine.agent.trials import Trials
from lablib.machine.agent.views import VIEWS, Sweep
from lablib.machine.wire import MAX_PAYLOAD, Frame, Type
from lablib.parameters import MAX_PARAMETERS, NAME, VALUE
from lablib.verdict import REGISTRY, Context, Result

_EVIDENCE_SIZES = (2048, 256, 16)
CHECK_SECONDS = 110.0
"""How long the answer to a check waits for trials."""


class Watched(NamedTuple):
    """What is looked at again and again: each look gives what is to be sent as frames of `type`."""

    type: int
    look: Callable[[], Iterable[bytes]]
    sweep: Sweep | None = None
    """Where it takes several rounds to look at everything."""


class Checks:
    """Answers with `send`, as `Service.send` does it; `listen` is its `_listen`. What needs a trial is answered when
    that is over."""

    def __init__(self, lab: Lab, send: Callable[[int, int, bytes], None], listen: Callable[..., None]) -> None:
        self._lab = lab
        self._send = send
        self._trials = Trials(lab, listen, self.look)
        self._parameters: dict[str, Mapping[str, str]] = {}
        self._remembered: dict[str, Mapping[str, Any]] = {}
        self._watches: dict[int, Watched] = {}
        self._waiting: dict[int, Callable[[], tuple[int, bytes] | None]] = {}
        """Requests whose answer has to wait for a trial, and what gives the answer once it is there."""

    @property
    def watching(self) -> bool:
        return bool(self._watches or self._waiting)

    def answer(self, frame: Frame) -> None:
        """A request of type REMEMBER, MEASURE, KNOW, CHECK, WATCH or VIEW. Raises LookupError for a view that there is
        not."""
        value = frame.json()
        match frame.type:
            case Type.REMEMBER:
                task, parameters = value
                self._parameters[task] = _words(parameters)
                self._remembered.pop(task, None)
                self._remembered[task] = REGISTRY.remember(task, self._context(task))
                self._send(Type.DONE, frame.channel, json.dumps(REGISTRY.measure(task)).encode())
            case Type.MEASURE:
                self._wait(frame.channel, lambda: self._measured(value))
            case Type.KNOW:
                order, answer = value
                self._trials.know(order, answer)
                self._send(Type.DONE, frame.channel, b"true")
            case Type.CHECK:
                until = time.monotonic() + CHECK_SECONDS
                self._wait(frame.channel, lambda: self._checked(value, until))
            case Type.WATCH:
                self._begin(frame.channel, Watched(Type.RESULTS, _changes(lambda: self._results(value))))
            case Type.VIEW:
                sweep = Sweep(VIEWS[value](), self._context)
                self._begin(frame.channel, Watched(Type.SEEN, sweep.look, sweep))

    @property
    def unfinished(self) -> bool:
        """Whether something has not been looked at to its end."""
        return any(watched.sweep is not None and not watched.sweep.whole for watched in self._watches.values())

    def look(self) -> None:
        """Looks at everything that is watched or waited for, and sends what has changed."""
        for channel, watched in list(self._watches.items()):
            self._tell(channel, watched)
        for channel, ask in list(self._waiting.items()):
            if answer := ask():
                self._waiting.pop(channel, None)
                self._send(answer[0], channel, answer[1])

    def go_on(self) -> None:
        """Goes on with what is unfinished."""
        for channel, watched in list(self._watches.items()):
            if watched.sweep is not None and not watched.sweep.whole:
                self._tell(channel, watched)

    def _tell(self, channel: int, watched: Watched) -> None:
        for payload in watched.look():
            self._send(watched.type, channel, payload)

    def forget(self, channel: int) -> None:
        """Watches nothing for `channel` any more."""
        self._watches.pop(channel, None)

    def _begin(self, channel: int, watched: Watched) -> None:
        self._watches[channel] = watched
        self.look()

    def _wait(self, channel: int, ask: Callable[[], tuple[int, bytes] | None]) -> None:
        self._waiting[channel] = ask
        self.look()

    def _measured(self, order: Mapping[str, Any]) -> tuple[int, bytes] | None:
        try:
            found = self._trials.found(order)
        except RuntimeError as error:
            return Type.FAULT, json.dumps(f"{order}: {error}"[:500]).encode()
        return None if found is None else (Type.DONE, json.dumps(found).encode())

    def _checked(self, task: str, until: float) -> tuple[int, bytes] | None:
        """A program that changes itself would be tried for ever."""
        results = self._results(task)
        return None if self._trials.running and time.monotonic() < until else (Type.RESULTS, results)

    def _results(self, task: str) -> bytes:
        return pack_results(REGISTRY.run(task, self._context(task)))

    def _context(self, task: str = "") -> Context:
        """What the checks of `task` may read."""
        context = self._lab.context(self._remembered.get(task, {}))
        return replace(context, parameters=self._parameters.get(task, {}), trials=self._trials)


def _words(parameters: Any) -> Mapping[str, str]:
    """The parameters of a task as the host sends them. Raises ValueError for what they cannot be."""
    if not isinstance(parameters, dict) or len(parameters) > MAX_PARAMETERS:
        raise ValueError("not the parameters of a task")
    for name, value in parameters.items():
        if not (NAME.fullmatch(name) and isinstance(value, str) and VALUE.fullmatch(value)):
            raise ValueError("not a parameter")
    return parameters


def _changes(read: Callable[[], bytes]) -> Callable[[], Iterable[bytes]]:
    """A look that gives what `read` returns where that is not what it returned before."""
    last = b""

    def look() -> Iterable[bytes]:
        nonlocal last
        before, last = last, read()
        return () if last == before else (last,)

    return look


def pack_results(results: tuple[Result, ...]) -> bytes:
    """Results as one frame's payload; evidence is cut as far as it must be."""
    for size in _EVIDENCE_SIZES:
        values = [result.as_json() for result in results]
        for value in values:
            for piece in value["evidence"]:
                piece["text"] = piece["text"][:size]
        payload = json.dumps(values).encode()
        if len(payload) <= MAX_PAYLOAD:
            return payload
    raise ValueError("results do not fit in a frame")
