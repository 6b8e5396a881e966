"""Processes beside the first one of the machine: which namespaces are their own, and which filters they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from rich.text import Text

from lablib.machine.seen import NamespacesRow, Row, Rows, SeccompRow
from tui.views.changes import Changes
from tui.views.look import Look, column, fold

KINDS = ("uts", "pid", "mnt", "net", "ipc", "user", "cgroup", "time")
_PID, _NAME, _NUMBER = 8, 12, 6
_PID_ALONE, _NAME_ALONE = 7, 9
_ORDINARY = ("·", "", "0 –", "0")
_PALETTE = ("success", "warning", "primary", "error", "accent")
_MODES = {0: "–", 1: "strict", 2: "filter"}
T = TypeVar("T", bound=Row)


def namespaces(rows: Rows, changes: Changes, look: Look) -> Iterator[Text]:
    """A dot for a namespace that process 1 is in too, for any other the end of its number, in a colour of its own."""
    base = next((one.numbers for one in rows.values() if isinstance(one, NamespacesRow) and one.pids == (1,)), ())
    table = _Table(look, KINDS, (_NUMBER,) * len(KINDS))
    yield table.head()
    for key, now, gone in _in_order(rows, changes, NamespacesRow, lambda one: one.numbers != base):
        was = changes.before(key)
        before = was.numbers if isinstance(was, NamespacesRow) else ()
        cells = []
        for at, number in enumerate(now.numbers[: len(KINDS)]):
            same = at < len(base) and number == base[at]
            text = "·" if same else "" if number is None else f"{number % 100_000:05}"
            color = "text-muted-hex" if same else _PALETTE[(number or 0) % len(_PALETTE)]
            fresh = not gone and bool(before) and number != before[at]
            cells.append(_Cell(text, color, fresh))
        yield from table.row(_chain(now.pids), now.name, cells, fresh=was is None, gone=gone)


def seccomp(rows: Rows, changes: Changes, look: Look) -> Iterator[Text]:
    """The mode of each process, how many filters it has, and whether it can gain privileges by execve(2)."""
    table = _Table(look, ("Seccomp", "Seccomp_filters", "NoNewPrivs"), (13, 16, 10))
    yield table.head()
    for key, now, gone in _in_order(rows, changes, SeccompRow, lambda one: one.mode > 0):
        before = changes.before(key)
        was = before if isinstance(before, SeccompRow) else None
        color = "warning" if now.mode else "text-muted-hex"
        mode, filters = f"{now.mode} {_MODES.get(now.mode, '?')}", "?" if now.filters is None else str(now.filters)
        cells = (
            _Cell(mode, color, was is not None and now.mode != was.mode),
            _Cell(filters, color, was is not None and now.filters != was.filters),
            _Cell(str(int(now.no_new_privs)), color, was is not None and now.no_new_privs != was.no_new_privs),
        )
        yield from table.row(key, now.name, cells, fresh=was is None, gone=gone)


class _Cell(NamedTuple):
    text: str
    color: str
    fresh: bool


class _Table:
    """A row for each process: in columns where there is room, else only what is out of the ordinary, by name."""

    def __init__(self, look: Look, names: Sequence[str], widths: Sequence[int]) -> None:
        self._look = look
        self._names = names
        self._widths = widths
        self._roomy = look.width >= sum(width + 1 for width in (_PID, _NAME, *widths)) - 1

    def head(self) -> Text:
        heads = map(column, map(self._look.muted, self._names), self._widths) if self._roomy else ()
        return self._begun(self._look.muted("PID"), self._look.muted("COMMAND"), *heads)

    def row(self, pid: str, name: str, cells: Sequence[_Cell], *, fresh: bool, gone: bool) -> Iterator[Text]:
        """Of one that is `fresh`, the pid lights up."""
        look = self._look
        begun = look.piece(pid, fresh=fresh and not gone, gone=gone), look.piece(name, gone=gone)
        pieces = [look.piece(cell.text, cell.color, fresh=cell.fresh, gone=gone) for cell in cells]
        if self._roomy:
            yield self._begun(*begun, *map(column, pieces, self._widths))
            return
        told = (
            Text.assemble("  ", look.muted(f"{name} "), piece)
            for name, cell, piece in zip(self._names, cells, pieces, strict=False)
            if cell.fresh or cell.text not in _ORDINARY
        )
        yield from fold(self._begun(*begun), told, Text("  "), look.width)

    def _begun(self, pid: Text, name: Text, *rest: Text) -> Text:
        widths = (_PID, _NAME) if self._roomy else (_PID_ALONE, _NAME_ALONE)
        return Text.assemble(column(pid, widths[0]), column(name, widths[1]), *rest)


def _chain(pids: Sequence[int]) -> str:
    """The pids that a process has in one pid namespace below another."""
    return "→".join(map(str, pids)) if len(pids) < 4 else f"{pids[0]}→…→{pids[-1]}"


def _in_order(
    rows: Rows, changes: Changes, kind: type[T], special: Callable[[T], bool]
) -> Iterator[tuple[str, T, bool]]:
    """Those that are `special` first, the newest at the top, since a small pane shows no more; all others by pid. With
    those that ended a moment ago, and whether they did."""
    gone = dict(changes.gone())
    there = {key: one for key, one in {**gone, **rows}.items() if isinstance(one, kind) and key.isdigit()}
    for key in sorted(there, key=lambda key: (0, -int(key)) if special(there[key]) else (1, int(key))):
        yield key, there[key], key in gone
