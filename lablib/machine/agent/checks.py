"""The agent's part that knows the checks: what a scene left is remembered, tasks are checked and watched, and live
views of the machine are sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import checkers  # noqa: F401 - registers the checks
from lablib.machine.agent.lab import Lab
from lablib.machine.agent.views import VIEWS, Sweep
from lablib.machine.wire import MAX_PAYLOAD, Frame, Type
from lablib.verdict import REGISTRY, Result

_EVIDENCE_SIZES = (2048, 256, 16)


class Watched(NamedTuple):
    """What is looked at again and again: each look gives what is to be sent as frames of `type`."""

    type: int
    look: Callable[[], Iterable[bytes]]
    sweep: Sweep | None = None
    """Where it takes several rounds to look at everything."""


class Checks:
    """Answers with `send`, as `Service.send` does it."""

    def __init__(self, lab: Lab, send: Callable[[int, int, bytes], None]) -> None:
        self._lab = lab
        self._send = send
        self._remembered: dict[str, Mapping[str, Any]] = {}
        self._watches: dict[int, Watched] = {}

    @property
    def watching(self) -> bool:
        return bool(self._watches)

    def answer(self, frame: Frame) -> None:
        """A request of type REMEMBER, CHECK, WATCH or VIEW. Raises LookupError for a view that there is not."""
        name = str(frame.json())
        match frame.type:
            case Type.REMEMBER:
                self._remembered[name] = REGISTRY.remember(name, self._lab.context({}))
                self._send(Type.DONE, frame.channel, b"true")
            case Type.CHECK:
                self._send(Type.RESULTS, frame.channel, self._results(name))
            case Type.WATCH:
                self._begin(frame.channel, Watched(Type.RESULTS, _changes(lambda: self._results(name))))
            case Type.VIEW:
                sweep = Sweep(VIEWS[name](), lambda: self._lab.context({}))
                self._begin(frame.channel, Watched(Type.SEEN, sweep.look, sweep))

    @property
    def unfinished(self) -> bool:
        """Whether something has not been looked at to its end."""
        return any(watched.sweep is not None and not watched.sweep.whole for watched in self._watches.values())

    def look(self) -> None:
        """Looks at everything that is watched, and sends what has changed."""
        for channel, watched in list(self._watches.items()):
            self._tell(channel, watched)

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

    def _results(self, task: str) -> bytes:
        return pack_results(REGISTRY.run(task, self._lab.context(self._remembered.get(task, {}))))


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
