"""The program that a machine's Python is started with, copied with a call of `start` below it.

A file costs a guest a millisecond or two to find and open, and its start imports dozens. So their compiled forms come
in one file beside this one, which the machine's own kind of Python made (`pack.py`); for what is not in it Python looks
for files as ever. Imports nothing that is not part of the interpreter.

    size of the index, 4 bytes
    index, marshalled: (stamps, {module: (its file, whether a package, offset, size)})
    the modules' code, marshalled
"""

from __future__ import annotations

import gc
import sys
from _frozen_importlib_external import spec_from_file_location
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

BUNDLE = "bundle"
INDEX_SIZE = 4


class Bundle:
    """Finds and loads the modules of a bundle. Files named without a root are below `folder`. Raises OSError."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file = open(f"{folder}/{BUNDLE}", "rb", buffering=0)  # noqa: SIM115 - read from as long as we run
        size = int.from_bytes(self._file.read(INDEX_SIZE), "big")
        _, self._modules = loads(self._file.read(size))  # noqa: S302 - ours, as any .pyc
        self._begin = INDEX_SIZE + size

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name not in self._modules:
            return None
        file, package, _, _ = self._modules[name]
        path = file if file.startswith("/") else f"{self._folder}/{file}"
        below = [path.rpartition("/")[0]] if package else None
        # typeshed asks for `load_module`, which Python has not called since 3.4.
        return spec_from_file_location(name, path, loader=self, submodule_search_locations=below)  # type: ignore[arg-type]

    def create_module(self, _spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        _, _, offset, size = self._modules[module.__name__]
        self._file.seek(self._begin + offset)
        exec(loads(self._file.read(size)), module.__dict__)  # noqa: S102, S302


def start(folder: str, entry: str) -> None:
    """Runs `lablib.machine.agent.ENTRY` from `folder`."""
    gc.disable()  # until the machine is up: a page touched in a guest is dear, and collecting touches all of them
    sys.path.insert(0, folder)
    sys.meta_path.insert(0, Bundle(folder))
    __import__(f"lablib.machine.agent.{entry}")
    sys.modules[f"lablib.machine.agent.{entry}"].main()
