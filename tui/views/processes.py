"""Processes beside the first one of the machine: which namespaces are their own, and which filters they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from rich.text import Text

from lablib.machine.seen import NamespacesRow, Row, Rows, SeccompRow
from tui.views.changes import Changes
from tui.views.look import Look, column

KINDS = ("uts", "pid", "mnt", "net", "ipc", "user", "cgroup", "time")
_PID, _NAME, _NUMBER = 8, 12, 6
_PALETTE = ("success", "warning", "primary", "error", "accent")
_MODES = {0: "–", 1: "strict", 2: "filter"}
T = TypeVar("T", bound=Row)


def namespaces(rows: Rows, changes: Changes, look: Look) -> Iterator[Text]:
    """A dot for a namespace that process 1 is in too, for any other the end of its number, in a colour of its own."""
    heads = (column(look.muted(kind), _NUMBER) for kind in KINDS)
    yield Text.assemble(*_head(look), *heads)
    base = next((one.numbers for one in rows.values() if isinstance(one, NamespacesRow) and one.pids == (1,)), ())
    for key, now, gone in _in_order(rows, changes, NamespacesRow, lambda one: one.numbers != base):
        was = changes.before(key)
        before = was.numbers if isinstance(was, NamespacesRow) else ()
        pid = "→".join(map(str, now.pids)) if len(now.pids) < 4 else f"{now.pids[0]}→…→{now.pids[-1]}"
        pieces = [_column(look, pid, _PID, fresh=was is None, gone=gone), _column(look, now.name, _NAME, gone=gone)]
        for at, number in enumerate(now.numbers[: len(KINDS)]):
            same = at < len(base) and number == base[at]
            text = "·" if same else " " if number is None else f"{number % 100_000:05}"
            color = "text-muted-hex" if same else _PALETTE[(number or 0) % len(_PALETTE)]
            fresh = not gone and bool(before) and number != before[at]
            pieces.append(column(look.piece(text, color, fresh=fresh, gone=gone), _NUMBER))
        yield Text.assemble(*pieces)


def seccomp(rows: Rows, changes: Changes, look: Look) -> Iterator[Text]:
    """The mode of each process, how many filters it has, and whether it can gain privileges by execve(2)."""
    yield Text.assemble(*_head(look), look.muted("Seccomp       Seccomp_filters  NoNewPrivs"))
    for key, now, gone in _in_order(rows, changes, SeccompRow, lambda one: one.mode > 0):
        before = changes.before(key)
        was = before if isinstance(before, SeccompRow) else None
        color = "warning" if now.mode else "text-muted-hex"
        fields = (
            (f"{now.mode} {_MODES.get(now.mode, '?')}", 13, was is not None and now.mode != was.mode),
            ("?" if now.filters is None else str(now.filters), 16, was is not None and now.filters != was.filters),
            (str(int(now.no_new_privs)), 10, was is not None and now.no_new_privs != was.no_new_privs),
        )
        yield Text.assemble(
            _column(look, key, _PID, fresh=was is None, gone=gone),
            _column(look, now.name, _NAME, gone=gone),
            *(column(look.piece(text, color, fresh=new, gone=gone), width) for text, width, new in fields),
        )


def _head(look: Look) -> tuple[Text, Text]:
    return column(look.muted("PID"), _PID), column(look.muted("COMMAND"), _NAME)


def _in_order(
    rows: Rows, changes: Changes, kind: type[T], special: Callable[[T], bool]
) -> Iterator[tuple[str, T, bool]]:
    """Those that are `special` first, the newest at the top, since a small pane shows no more; all others by pid. With
    those that ended a moment ago, and whether they did."""
    gone = dict(changes.gone())
    there = {key: one for key, one in {**gone, **rows}.items() if isinstance(one, kind) and key.isdigit()}
    for key in sorted(there, key=lambda key: (0, -int(key)) if special(there[key]) else (1, int(key))):
        yield key, there[key], key in gone


def _column(look: Look, text: str, width: int, *, fresh: bool = False, gone: bool = False) -> Text:
    return column(look.piece(text, fresh=fresh and not gone, gone=gone), width)
