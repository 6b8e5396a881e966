"""Overlays: for each name what every layer has, and which of them one sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from lablib.machine.seen import NameRow, OverlayRow, Rows
from tui.views.changes import Changes
from tui.views.look import Look, column

_NAME, _LAYER = 24, 9
"""Columns of a name, and of what a layer has there, if there is room."""
_SHORT_NAME, _SHORT_LAYER, _SEEN = 9, 5, 11
"""The fewest, and those that are kept for what is seen."""
_FOLDERS = ("d", "o")


def lines(rows: Rows, changes: Changes, look: Look) -> Iterator[Text]:
    """Each overlay with its names, in the order of their paths."""
    gone = dict(changes.gone())
    there = {**gone, **rows}
    overlays = [key for key, one in there.items() if isinstance(one, OverlayRow)]
    for number in sorted(overlays, key=lambda key: int(key) if key.isdigit() else 0):
        overlay = there[number]
        assert isinstance(overlay, OverlayRow)
        widths = _widths(_called(overlay), look.width)
        yield from _head(overlay, widths, look, fresh=changes.before(number) is None, gone=number in gone)
        names = [key for key, one in there.items() if key.startswith(f"{number}/") and isinstance(one, NameRow)]
        reach: dict[str, int] = {number: len(overlay.layers)}
        for key in sorted(names, key=lambda key: key.split("/")):
            now, before = there[key], changes.before(key)
            assert isinstance(now, NameRow)
            limit = reach.get(key.rpartition("/")[0], 0)
            reach[key] = below(now.kinds, limit)
            was = before.kinds if isinstance(before, NameRow) else ()
            name = _Name(key, now.kinds, was, seen(now.kinds, limit), key in gone or number in gone)
            yield _name(name, _called(overlay), widths, look)


@dataclass(frozen=True)
class _Name:
    """A name in an overlay, as it is to be drawn."""

    key: str
    kinds: tuple[str, ...]
    was: tuple[str, ...]
    shown: frozenset[int]
    gone: bool


def _widths(layers: list[str], width: int) -> tuple[int, int]:
    """The columns of a name and of a layer, of `width` for all."""
    if width >= _NAME + 1 + len(layers) * (_LAYER + 1) + _SEEN:
        return _NAME, _LAYER
    layer = max(_SHORT_LAYER, min(_LAYER, max(map(cell_len, layers), default=0)))
    return max(_SHORT_NAME, min(_NAME, width - len(layers) * (layer + 1) - _SEEN - 1)), layer


def _head(overlay: OverlayRow, widths: tuple[int, int], look: Look, *, fresh: bool, gone: bool) -> Iterator[Text]:
    """The mount point, and the last part of each layer's path above its column."""
    name, layer = widths
    point = look.piece(overlay.point, bold=True, fresh=fresh and not gone, gone=gone)
    layers = []
    for at, called in enumerate(_called(overlay)):
        layers.append(column(look.piece(called, "accent" if overlay.has_upper and at == 0 else ""), layer))
    if point.cell_len > name and name < _NAME:
        yield point
        point = Text()
    yield Text.assemble(column(point, name), *layers, look.muted(look.words.screen("view_seen")))


def _called(overlay: OverlayRow) -> list[str]:
    """The last part of each layer's path."""
    return [layer.rstrip("/").rpartition("/")[2] for layer in overlay.layers]


def _name(name: _Name, layers: list[str], widths: tuple[int, int], look: Look) -> Text:
    path = name.key.partition("/")[2]
    depth, last = path.count("/"), path.rpartition("/")[2]
    folder = any(kind in _FOLDERS for kind in name.kinds)
    pieces = [column(look.piece("  " * depth + last + ("/" if folder else ""), gone=name.gone), widths[0])]
    for at, kind in enumerate(name.kinds):
        before = name.was[at] if at < len(name.was) else ""
        sign, color = _sign(kind, at in name.shown)
        pieces.append(
            column(look.piece(sign, color, fresh=kind != before and not name.gone, gone=name.gone), widths[1])
        )
    if name.shown:
        said = look.muted("+".join(layers[at] for at in sorted(name.shown) if at < len(layers)))
    else:
        said = look.piece(look.words.screen("view_hidden"), "error")
    return Text.assemble(*pieces, said)


def seen(kinds: tuple[str, ...], limit: int) -> frozenset[int]:
    """The layers that what one sees comes from: the topmost that has something there, and of directories all that
    nothing hides (overlayfs.rst, "Merged Directories"). Of layers, the first `limit` count: what is above hides the
    others."""
    found: set[int] = set()
    for at, kind in enumerate(kinds[:limit]):
        if kind == "w" or (found and kind and kind not in _FOLDERS):
            break
        if kind:
            found.add(at)
        if kind not in ("", "d"):
            break
    return frozenset(found)


def below(kinds: tuple[str, ...], limit: int) -> int:
    """How many layers count below a directory of which `limit` do."""
    for at, kind in enumerate(kinds[:limit]):
        if kind == "o":
            return at + 1
        if kind not in ("", "d"):
            return at
    return limit


def _sign(kind: str, shown: bool) -> tuple[str, str]:
    """How a layer's part is drawn, and in which of the theme's colours."""
    if not kind:
        return "·", "text-muted-hex"
    if kind == "w":
        return "✗", "error"
    if kind == "o":
        return "■", "warning"
    return ("●", "success") if shown else ("○", "text-muted-hex")
