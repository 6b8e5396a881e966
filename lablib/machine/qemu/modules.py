"""The modules of a kernel that is not running: which file each is, and what must be loaded before it. No depmod(8) has
to have been there. Source: Documentation/kbuild/kbuild.rst (modules.order, modules.builtin); include/linux/module.h
(the section .modinfo)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from lablib.machine.qemu.packed import PackedError, unpack

_DEPENDS = re.compile(rb"\0depends=([\w,-]*)\0")
_ENDINGS = ("", ".xz", ".zst", ".gz")


class ModuleError(Exception):
    """A module that is needed cannot be had; the text says which, and why."""


class Modules:
    """The modules below `folder`, which is /lib/modules/RELEASE of some root. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._files = {_name(line): folder / line for line in _lines(folder / "modules.order")}
        self._builtin = {_name(line) for line in _lines(folder / "modules.builtin")}

    def needed(self, names: Iterable[str], optional: Iterable[str] = ()) -> dict[Path, bytes]:
        """Of each module that `names` come with, its file and its content, in an order in which they can be loaded;
        nothing of what is built in. Of the `optional` ones those that there are. Raises ModuleError, OSError."""
        found: dict[str, tuple[Path, bytes]] = {}
        for name in names:
            self._add(name, found)
        for name in optional:
            if name in self._files:
                self._add(name, found)
        return dict(found.values())

    def _add(self, name: str, found: dict[str, tuple[Path, bytes]]) -> None:
        if name in found or name in self._builtin:
            return
        if name not in self._files:
            raise ModuleError(name)
        file, content = _read(self._files[name])
        depends = _DEPENDS.search(b"\0" + content)
        for other in depends[1].decode("ascii").split(",") if depends else ():
            if other:
                self._add(other.replace("-", "_"), found)
        found[name] = file, content


def _read(file: Path) -> tuple[Path, bytes]:
    """The file that is there, which modules.order may name without the ending of its packing, and the module in it."""
    for ending in _ENDINGS:
        packed = file.with_name(file.name.removesuffix(ending) + ending)
        try:
            return packed, unpack(packed.read_bytes())
        except FileNotFoundError:
            continue
        except PackedError as error:
            raise ModuleError(f"{packed}: {error}") from error
    raise ModuleError(str(file))


def _lines(file: Path) -> list[str]:
    return file.read_text("ascii").split()


def _name(path: str) -> str:
    """What lsmod(8) calls it: underscores for dashes."""
    return path.rpartition("/")[2].partition(".")[0].replace("-", "_")
