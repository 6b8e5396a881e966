"""What of the machine can be looked at live. A view is a generator of rows, each with a key. `Sweep` reads it on
and on, a little each round, and tells what has changed since it was last told.

Between rows, and wherever else a view may be left for a while, it yields None.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lablib.machine.agent.view_cgroups import Cgroups
from lablib.machine.agent.view_overlays import overlays
from lablib.machine.agent.view_processes import filters, namespaces
from lablib.machine.wire import MAX_PAYLOAD
from lablib.verdict import Context

ROUND_SECONDS = 0.005
"""How long one round may take, so that no shell waits for a view of however many cgroups. What is being read when it
is over is read to its end."""
MAX_ROWS = 1500
Item = tuple[str, Any] | None
View = Callable[[Context], Iterator[Item]]


class Sweep:
    """Reads one view, row by row, from its beginning to its end and again."""

    def __init__(self, view: View, context: Callable[[], Context], clock: Callable[[], float] = time.monotonic) -> None:
        self._view = view
        self._context = context
        self._clock = clock
        self._rows: Iterator[Item] = iter(())
        self._told: dict[str, str] = {}
        self._met: set[str] = set()
        self.whole = True
        """Whether the view was read to its end, and the next round begins with it."""

    def look(self) -> Iterator[bytes]:
        """Goes on for one round, and gives what has changed as frames of JSON: `[[key, row], …]`, and the row is null
        where it is no more."""
        news: list[str] = []
        end = self._clock() + ROUND_SECONDS
        if self.whole:
            self._rows, self._met, self.whole = self._view(self._context()), set(), False
        while self._clock() < end and not self.whole:
            try:
                item = next(self._rows)
            except StopIteration:
                self.whole = True
                news += self._missing()
            except (OSError, ValueError, LookupError):
                # It has come to something that went while it was being read, and begins again. Nothing here may end
                # the agent, which is the first process of its machine.
                self.whole = True
            else:
                if item is not None:
                    news += self._changed(*item)
        yield from _frames(news)

    def _changed(self, key: str, row: Any) -> Iterator[str]:
        if len(self._met) == MAX_ROWS:
            return
        self._met.add(key)
        told = json.dumps([key, row])
        if len(told) < MAX_PAYLOAD // 2 and self._told.get(key) != told:
            self._told[key] = told
            yield told

    def _missing(self) -> Iterator[str]:
        for key in self._told.keys() - self._met:
            del self._told[key]
            yield json.dumps([key, None])


def _frames(rows: list[str]) -> Iterator[bytes]:
    """`rows` in as many frames as they need."""
    held: list[str] = []
    size = 0
    for row in rows:
        if held and size + len(row) > MAX_PAYLOAD - 1024:
            yield f"[{','.join(held)}]".encode()
            held, size = [], 0
        held.append(row)
        size += len(row) + 1
    if held:
        yield f"[{','.join(held)}]".encode()


VIEWS: Mapping[str, Callable[[], View]] = {
    "cgroups": lambda: Cgroups().rows,
    "namespaces": lambda: namespaces,
    "seccomp": lambda: filters,
    "overlayfs": lambda: overlays,
}
"""How to make each: one may remember what it read before."""
