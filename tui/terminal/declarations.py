"""Imports pyghostty, quickly. It declares all of libghostty's C as text, which cffi parses anew at each import: 0.1 s
of every start. What cffi made of it is kept in `$XDG_CACHE_HOME/container-labs/ghostty` (XDG Base Directory), as what
it gives its backend in the modules that it makes for "out-of-line ABI mode" (cffi's documentation).
"""

from __future__ import annotations

import importlib
import io
import marshal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from lablib.cache import keep, kept

NAME = "ghostty"
_MADE_OF = ("_cdef.py", "_ffi.py")


def import_pyghostty() -> ModuleType:
    """pyghostty, imported. Raises ImportError, or what its import raises."""
    known = _kept()
    if known is not None:
        try:
            with _made_by(lambda: _declared(known)):
                return _imported()
        except Exception:  # of another cffi, or cut off: it is made anew, and what is wrong with pyghostty shows then
            for name in [name for name in sys.modules if name.partition(".")[0] == "pyghostty"]:
                del sys.modules[name]
    module = _imported()
    keep(NAME, marshal.dumps((_stamp(), _given_by(sys.modules["pyghostty._ffi"].ffi))))
    return module


def _imported() -> ModuleType:
    return importlib.import_module("pyghostty")


def _declared(known: Mapping[str, Any]) -> Any:
    """In place of a `cffi.FFI()`: what is to be declared is, already."""
    from _cffi_backend import FFI

    class Declared(FFI):  # type: ignore[misc]  # a type of C
        def cdef(self, text: str) -> None:
            pass

    return Declared(NAME, **known)


@contextmanager
def _made_by(make: Callable[[], Any]) -> Iterator[None]:
    """Has a module that is imported meanwhile get its FFI from `make`."""
    import cffi

    original = cffi.FFI
    cffi.FFI = make
    try:
        yield
    finally:
        cffi.FFI = original


def _kept() -> dict[str, Any] | None:
    """What is kept, if it is of the pyghostty and cffi that are installed."""
    try:
        stamp, known = marshal.loads(kept(NAME) or b"")  # noqa: S302 - nobody else wrote it
        return dict(known) if stamp == _stamp() else None
    except (OSError, ValueError, TypeError, EOFError):
        return None


def _given_by(ffi: Any) -> dict[str, Any]:
    """What `ffi`, a cffi.FFI, gives its backend in the module that it makes of what it has parsed."""
    from cffi.recompiler import make_py_source

    text = io.StringIO()
    make_py_source(ffi, NAME, text)
    given: dict[str, Any] = {}
    backend = SimpleNamespace(FFI=lambda _name, **arguments: given.update(arguments))
    exec(text.getvalue().replace("import _cffi_backend", ""), {"_cffi_backend": backend})  # noqa: S102 - what cffi wrote
    return given


def _stamp() -> list[tuple[str, int, int]]:
    """What changes with pyghostty or cffi. Raises OSError."""
    found = find_spec("pyghostty"), find_spec("_cffi_backend")
    origins = [Path(spec.origin) for spec in found if spec is not None and spec.origin]
    files = [*(origins[0].with_name(name) for name in _MADE_OF), origins[-1]]
    return [(str(file), (status := file.stat()).st_mtime_ns, status.st_size) for file in files]
