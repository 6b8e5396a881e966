"""The part of the project that runs on a machine, copied to where the machine can read it and nothing more."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

from lablib.machine.agent import start
from lablib.machine.agent.start import BUNDLE

_PROJECT = Path(__file__).parents[2]
_PARTS = (
    "lablib/__init__.py",
    "lablib/verdict.py",
    "lablib/kernel",
    "lablib/machine/__init__.py",
    "lablib/machine/wire.py",
    "lablib/machine/agent",
    "checkers",
)
_STUDENT_MODULES = ("pyseccomp",)

START = "start.py"


def copy_code(folder: Path, entry: str, packed: bytes | None = None) -> None:
    """Copies what the agent needs below `folder`, readable by all, with `packed` as its bundle; `folder/START` starts
    `lablib.machine.agent.ENTRY`. Modules for the student's own Python go to `folder/student`. Raises OSError."""
    for source in _sources():
        target = folder / source.relative_to(_PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)  # with its time, by which its compiled form is known to fit
        if compiled := _compiled(source):
            cache = target.parent / compiled.parent.name
            cache.mkdir(exist_ok=True)
            shutil.copyfile(compiled, cache / compiled.name)
    student = folder / "student"
    student.mkdir()
    for name in _STUDENT_MODULES:
        found = importlib.util.find_spec(name)
        if found and found.origin:
            shutil.copyfile(found.origin, student / Path(found.origin).name)
    if packed is not None:
        (folder / BUNDLE).write_bytes(packed)
    program = Path(start.__file__).read_text(encoding="utf-8")
    (folder / START).write_text(f"{program}\n\nstart({str(folder)!r}, {entry!r})\n", encoding="utf-8")


def _sources() -> Iterator[Path]:
    for part in _PARTS:
        path = _PROJECT / part
        yield from sorted(path.rglob("*.py")) if path.is_dir() else (path,)


def _compiled(source: Path) -> Path | None:
    """The compiled form of `source`, made if it is not there or older: compiling in the guest would cost its start
    more than everything else it does. None where it cannot be kept."""
    compiled = Path(importlib.util.cache_from_source(str(source)))
    try:
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            import py_compile

            py_compile.compile(str(source))
    except OSError:
        return None  # a checkout we may not write to
    return compiled
