"""The tree of cgroups: who is where, which controllers each has, and how far it is from its limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from lablib.machine.seen import CgroupRow, Gauges, Rows
from tui.views.changes import Changes
from tui.views.look import Look, fold

_BAR = 6
_UNITS = ("", "K", "M", "G", "T")


def lines(rows: Rows, changes: Changes, look: Look) -> Iterator[Text]:
    """Parents first; what was removed a moment ago is still in its place."""
    gone = dict(changes.gone())
    there = {key: one for key, one in {**gone, **rows}.items() if isinstance(one, CgroupRow)}
    keys = sorted(there, key=lambda key: key.split("/"))
    depths = [key.count("/") for key in keys]
    joints = stems(depths)
    for key, stem, hang in zip(keys, joints, hangs(joints, depths), strict=True):
        before = changes.before(key)
        was = before if isinstance(before, CgroupRow) else None
        is_gone = key in gone
        name = look.piece(key.rpartition("/")[2] or "/", bold=True, fresh=was is None and not is_gone, gone=is_gone)
        if is_gone:
            yield Text.assemble(look.muted(stem), name)
        else:
            now = there[key]
            pieces = _pieces(now, was or replace(now, processes=()), look)
            yield from fold(Text.assemble(look.muted(stem), name), pieces, look.muted(hang), look.width)


def _pieces(now: CgroupRow, was: CgroupRow, look: Look) -> Iterator[Text]:
    """What is said of a cgroup, each piece with the space before it."""
    for at, name in enumerate(now.controllers):
        yield Text.assemble(" " if at else "  ", look.piece(name, "accent", fresh=name not in was.controllers))
    if not now.controllers:
        yield look.muted("  –")
    for gauge in _gauges(now.gauges, was.gauges, look):
        yield Text.assemble("  ", gauge)
    for process in now.processes:
        yield Text.assemble("  ", look.piece(_called(process), "success", fresh=process not in was.processes))
    if (more := now.count - len(now.processes)) > 0:
        yield look.muted(f"  +{more}")
    for process in was.processes:
        if process[0] not in [pid for pid, _ in now.processes]:
            yield Text.assemble("  ", look.piece(_called(process), "success", gone=True))


def _gauges(now: Gauges, was: Gauges, look: Look) -> Iterator[Text]:
    """Those that say something: what is used where it is limited, and what has happened."""
    if now.memory is not None and (now.memory or now.memory_max is not None):
        limit = now.memory_max if now.memory_max is not None else now.memory_high
        changed = (now.memory_max, now.memory_high) != (was.memory_max, was.memory_high)
        limit_text = None if limit is None else size(limit)
        yield _gauge("mem", size(now.memory), limit_text, _part(now.memory, limit), changed, look)
    if now.cpu is not None and (now.cpu or now.cpu_max is not None):
        limit_text = None if now.cpu_max is None else f"{now.cpu_max}%"
        part = _part(now.cpu, now.cpu_max)
        yield _gauge("cpu", f"{now.cpu}%", limit_text, part, now.cpu_max != was.cpu_max, look)
    if now.pids is not None and now.pids_max is not None:
        part = _part(now.pids, now.pids_max)
        yield _gauge("pids", str(now.pids), str(now.pids_max), part, now.pids_max != was.pids_max, look)
    if now.oom_kill:
        yield look.piece(f"oom_kill {now.oom_kill}", "error", fresh=now.oom_kill != was.oom_kill)
    if now.frozen:
        yield look.piece("frozen", "primary", fresh=not was.frozen)


def _gauge(name: str, used: str, limit: str | None, part: float | None, changed: bool, look: Look) -> Text:
    bar = Text()
    if part is not None:
        full = min(_BAR, round(part * _BAR))
        signs = "▮" * full + "▯" * (_BAR - full)
        bar = Text.assemble(look.piece(signs, "error" if part >= 0.9 else "primary"), " ")
    value = look.piece(used if limit is None else f"{used}/{limit}", fresh=changed)
    return Text.assemble(look.muted(f"{name} "), bar, value)


def _part(used: int, limit: int | None) -> float | None:
    if limit is None:
        return None
    return min(1.0, used / limit) if limit else 1.0


def _called(process: tuple[int, str]) -> str:
    return f"{process[0]} {process[1]}"


def size(count: int) -> str:
    """Bytes in a few characters, as in `12.3M`."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f}{_UNITS[unit]}" if value >= 100 or value == int(value) else f"{value:.1f}{_UNITS[unit]}"


def stems(depths: Sequence[int]) -> list[str]:
    """The lines that join a tree's rows, given how deep each is, parents first."""
    found = []
    open_at: set[int] = set()
    for depth in reversed(depths):  # from below: a branch is open where a sibling follows
        open_at = {at for at in open_at if at <= depth}
        bars = "".join("│ " if at in open_at else "  " for at in range(1, depth))
        found.append("" if depth == 0 else bars + ("├─" if depth in open_at else "└─"))
        open_at.add(depth)
    return found[::-1]


def hangs(stems: Sequence[str], depths: Sequence[int]) -> list[str]:
    """What joins the rows of the same tree where one goes on in another line."""
    goes_on = str.maketrans("├└─", "│  ")
    has_child = [later > depth for depth, later in zip(depths, [*depths[1:], 0], strict=True)]
    return [stem.translate(goes_on) + ("│ " if child else "  ") for stem, child in zip(stems, has_child, strict=True)]
