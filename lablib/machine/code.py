"""The part of the project that runs on a machine, copied to where the machine can read it and nothing more."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

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
_START = """\
import sys

sys.path.insert(0, {folder!r})
from lablib.machine.agent.{entry} import main

main()
"""


def copy_code(folder: Path, entry: str) -> Path:
    """Copies what the agent needs below `folder`, readable by all, and returns the script that starts
    `lablib.machine.agent.ENTRY`. Modules for the student's own Python go to `folder/student`. Raises OSError."""
    for part in _PARTS:
        source, target = _PROJECT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "messages"))
        else:
            shutil.copyfile(source, target)
    student = folder / "student"
    student.mkdir()
    for name in _STUDENT_MODULES:
        found = importlib.util.find_spec(name)
        if found and found.origin:
            shutil.copyfile(found.origin, student / Path(found.origin).name)
    start = folder / "start.py"
    start.write_text(_START.format(folder=str(folder), entry=entry))
    return start
