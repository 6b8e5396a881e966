"""What a machine's live views show, as the screen has it: rows of four kinds, and a stream that puts together what has
changed. What an agent says of them is taken as no more than numbers and short words (`agent/view_*.py` has the forms).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lablib.machine.link import Channel
from lablib.machine.wire import Type, WireError

MAX_ROWS = 2000
_SHORT = 100
_LONGEST_KEY = 4096
"""PATH_MAX."""
_MAX_WORDS = 64
_NOTHING = (None, None)


@dataclass(frozen=True)
class CgroupRow:
    """A cgroup."""

    controllers: tuple[str, ...]
    gives: tuple[str, ...]
    """Its subtree_control: the controllers that its children have."""
    count: int
    """How many processes are in it itself."""
    processes: tuple[tuple[int, str], ...]
    """The first of them: pids as the student knows them, and names."""
    gauges: Gauges


@dataclass(frozen=True)
class Gauges:
    """How far a cgroup is from its limits; None for what it has no controller for, and for no limit."""

    memory: int | None = None
    """Bytes, as are the limits."""
    memory_max: int | None = None
    memory_high: int | None = None
    oom_kill: int = 0
    pids: int | None = None
    pids_max: int | None = None
    cpu: int | None = None
    """Percent of one processor, as is the limit."""
    cpu_max: int | None = None
    frozen: bool = False


@dataclass(frozen=True)
class NamespacesRow:
    """A process."""

    name: str
    numbers: tuple[int | None, ...]
    """Of its namespaces, in the order of `KINDS`; None for a kind that the kernel does not have."""
    pids: tuple[int, ...]
    """In each pid namespace from the student's down to its own."""


@dataclass(frozen=True)
class SeccompRow:
    """A process."""

    name: str
    mode: int
    """0 for none, 1 for SECCOMP_MODE_STRICT, 2 for SECCOMP_MODE_FILTER."""
    filters: int | None
    no_new_privs: bool


@dataclass(frozen=True)
class OverlayRow:
    """An overlay."""

    point: str
    pid: int
    layers: tuple[str, ...]
    """The upper one first, if it has one."""
    has_upper: bool


@dataclass(frozen=True)
class NameRow:
    """A name in an overlay: what each layer has there, as `agent/view_overlays.py` spells it."""

    kinds: tuple[str, ...]


Row = CgroupRow | NamespacesRow | SeccompRow | OverlayRow | NameRow
Rows = Mapping[str, Row]
"""By key, as the agent names them: a path, a pid, a number with a path."""


class ViewStream:
    """A view as it is now, whenever it has changed, until closed or the machine ends. What is late is skipped, for the
    changes are put together as they come."""

    def __init__(self, channel: Channel, view: str) -> None:
        self._channel = channel
        self._read = READERS[view]
        self._rows: dict[str, Row] = {}
        self._changed = threading.Condition()
        self._news = self._ended = False
        channel.send(Type.VIEW, view)
        threading.Thread(target=self._take, name="view-reader", daemon=True).start()

    def __iter__(self) -> Iterator[Rows]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._news or self._ended)
                if self._ended:
                    return
                self._news = False
                rows = dict(self._rows)
            yield rows

    def close(self) -> None:
        self._channel.hang_up()

    def _take(self) -> None:
        try:
            while (frame := self._channel.next()) is not None:
                if frame.type == Type.SEEN:
                    self._merge(frame.json())
        except WireError:
            pass  # a view that cannot be understood ends; nothing is graded by it
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _merge(self, news: Any) -> None:
        with self._changed:
            try:
                for name, value in news:
                    key = str(name)[:_LONGEST_KEY]
                    if value is None:
                        self._rows.pop(key, None)
                    elif len(self._rows) < MAX_ROWS or key in self._rows:
                        self._rows[key] = self._read(key, value)
            except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
                raise WireError(f"not a view: {error}") from error
            self._news = True
            self._changed.notify_all()


def _cgroup(_key: str, value: Any) -> Row:
    controllers, gives, count, processes, gauges = value
    pairs = tuple((int(pid), _short(name)) for pid, name in processes[:_MAX_WORDS])
    return CgroupRow(_words(controllers), _words(gives), int(count), pairs, _gauges(gauges))


def _gauges(value: Any) -> Gauges:
    memory, memory_max = map(_number, value.get("memory", _NOTHING))
    pids, pids_max = map(_number, value.get("pids", _NOTHING))
    cpu, cpu_max = map(_number, value.get("cpu", _NOTHING))
    high, kills, frozen = _number(value.get("high")), int(value.get("oom_kill", 0)), bool(value.get("frozen"))
    return Gauges(memory, memory_max, high, kills, pids, pids_max, cpu, cpu_max, frozen)


def _namespaces(_key: str, value: Any) -> Row:
    name, numbers, pids = value
    return NamespacesRow(_short(name), tuple(map(_number, numbers[:_MAX_WORDS])), tuple(map(int, pids[:_MAX_WORDS])))


def _seccomp(_key: str, value: Any) -> Row:
    name, mode, filters, no_new_privs = value
    return SeccompRow(_short(name), int(mode), _number(filters), bool(no_new_privs))


def _overlayfs(key: str, value: Any) -> Row:
    if "/" in key:
        return NameRow(_words(value))
    point, pid, layers, has_upper = value
    return OverlayRow(_short(point), int(pid), _words(layers), bool(has_upper))


READERS: Mapping[str, Callable[[str, Any], Row]] = {
    "namespaces": _namespaces,
    "cgroups": _cgroup,
    "seccomp": _seccomp,
    "overlayfs": _overlayfs,
}
"""The views there are, each by the chapter that it is of."""


def _short(value: object) -> str:
    return str(value)[:_SHORT]


def _words(values: Any) -> tuple[str, ...]:
    return tuple(_short(value) for value in values[:_MAX_WORDS])


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
