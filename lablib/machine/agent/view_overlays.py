"""The view of overlays: what each layer has under a name, which is what one sees there, and what hides it.

Source: Documentation/filesystems/overlayfs.rst.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from checkers.overlays import OPAQUE, WHITEOUT, Overlay, kind, mount_namespaces, names
from lablib.verdict import Context

MAX_LAYERS = 6
MAX_NAMES = 48
"""Of one overlay, the names in its upper layers first."""
MAX_OVERLAYS = 8
_DEPTH = 3
LETTERS = {WHITEOUT: "w", "regular file": "f", "directory": "d", "symbolic link": "l", "-": ""}
Layers = tuple[str, ...]


def overlays(context: Context) -> Iterator[tuple[str, Any] | None]:
    """For each overlay whose layers the student can see, `NUMBER`: `[mount point, pid, [layer, …], has an upper]`, the
    upper layer first; the pid is of a process that has it. Then for each name in it, `NUMBER/NAME`: what each layer has
    there, as a letter of `LETTERS`, `o` for an opaque directory, `?` for anything else."""
    seen: set[str] = set()
    for overlay in _found(context):
        yield None
        where = f"{overlay.mount.device} {overlay.mount.point}"
        layers = _layers(overlay)
        if where in seen or not layers or len(seen) == MAX_OVERLAYS:
            continue
        seen.add(where)
        number = str(len(seen))
        upper = overlay.upper is not None
        told = [overlay.upper, *overlay.layers] if overlay.upper is not None else list(overlay.layers)
        yield number, [overlay.mount.point, overlay.pid, told[:MAX_LAYERS], upper]
        for path, kinds in _names(overlay, layers):
            yield None
            yield f"{number}{path}", kinds


def _found(context: Context) -> Iterator[Overlay]:
    for pid, mounts in mount_namespaces(context):
        for mount in mounts:
            if mount.type == "overlay":
                yield Overlay(mount, context.proc.files(pid), context.proc.shown_pid(pid), mounts)


def _layers(overlay: Overlay) -> Layers:
    """Where the layers are, as a process of the student's sees them; none where it does not see them all."""
    found = []
    for told in [*([overlay.upper] if overlay.upper is not None else []), *overlay.layers][:MAX_LAYERS]:
        path = next((one for one in overlay.paths(told) if kind(overlay.files, one) == "directory"), None)
        if path is None:
            return ()
        found.append(path)
    return tuple(found)


def _names(overlay: Overlay, layers: Layers) -> Iterator[tuple[str, list[str]]]:
    """Breadth first, as deep as `_DEPTH`."""
    folders, left = [""], MAX_NAMES
    for _ in range(_DEPTH):
        deeper: list[str] = []
        for folder in folders:
            for name in _union(overlay, layers, folder):
                if not left:
                    return
                left -= 1
                path = posixpath.join(folder or "/", name)
                kinds = [_letter(overlay, layer + path, last=layer is layers[-1]) for layer in layers]
                yield path, kinds
                if "d" in kinds or "o" in kinds:
                    deeper.append(path)
        folders = deeper


def _union(overlay: Overlay, layers: Layers, folder: str) -> list[str]:
    """The names of a folder in all layers, the upper ones' first."""
    return list(dict.fromkeys(name for layer in layers for name in names(overlay.files, layer + folder)[:MAX_NAMES]))


def _letter(overlay: Overlay, path: str, *, last: bool) -> str:
    letter = LETTERS.get(kind(overlay.files, path), "?")
    if letter == "d" and not last:  # below the lowest there is nothing to hide
        try:
            return "o" if overlay.files.xattr(path, OPAQUE) == b"y" else "d"
        except OSError:
            return "d"  # it is being removed
    return letter
