"""The User-Mode Linux kernels on this machine: those built here, that of the package `labs-kernel`, the distribution's.
Which of them a guest boots is decided in `probing`."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from lablib.errors import MachineError
from lablib.state import data_folder

PROGRAM = "linux.uml"
"""What distributions call theirs."""
WHEEL = "labs_kernel"
"""The module that the package `labs-kernel` brings."""
BINARY = "linux"
"""The kernel itself, in the folder of one that was built and in the wheel's."""
_CHOSEN = "chosen"


class Origin(StrEnum):
    """Where a kernel comes from."""

    NAMED = "named"
    """The environment variable LABS_GUEST_KERNEL names it."""
    BUILT = "built"
    WHEEL = "wheel"
    DISTRIBUTION = "distribution"


class Kernel(NamedTuple):
    """A kernel that may be booted. Whether it can be is not known yet."""

    name: str
    """Of one that was built, its release as uname(2) gives it."""
    program: Path
    origin: Origin


def built_folder() -> Path:
    """Where kernels that were built are kept, each in a folder called as it is."""
    return Path(data_folder(), "kernels")


def kernels() -> list[Kernel]:
    """All of them: what the user named or chose, then those built here, the newest first, then the others. Raises
    MachineError where there is none, or where the one named cannot be executed."""
    if named := os.environ.get("LABS_GUEST_KERNEL"):
        if os.access(named, os.X_OK) and Path(named).is_file():
            return [Kernel(named, Path(named), Origin.NAMED)]
        raise MachineError("guest-kernel-unusable", path=named)
    found = [*built(), *_wheel(), *_distribution()]
    if not found:
        raise MachineError("guest-kernel-missing", program=PROGRAM)
    chosen = chosen_name()
    return sorted(found, key=lambda kernel: kernel.name != chosen)


def built() -> Iterator[Kernel]:
    """Those that were built here, the newest first."""
    folder = built_folder()
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return  # nothing was built here
    programs = [program for name in names if os.access(program := folder / name / BINARY, os.X_OK)]
    for program in sorted(programs, key=lambda program: program.stat().st_mtime, reverse=True):
        yield Kernel(program.parent.name, program, Origin.BUILT)


def chosen_name() -> str:
    """The kernel that the user chose; empty for none."""
    try:
        return (built_folder() / _CHOSEN).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""  # nothing that a kernel is called


def choose(name: str) -> None:
    """Boots the kernel called `name` from now on; an empty name leaves the choice to probing. Raises OSError."""
    file = built_folder() / _CHOSEN
    if name:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(f"{name}\n", encoding="utf-8")
    else:
        file.unlink(missing_ok=True)


def find_python() -> Path:
    """The Python a guest's first process runs on: the system's own, since a guest sees only what lies below /usr.
    Raises MachineError."""
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if os.access(candidate, os.X_OK):
            return Path(candidate)
    raise MachineError("guest-python-missing")


def _wheel() -> Iterator[Kernel]:
    module = importlib.util.find_spec(WHEEL)
    for folder in (module and module.submodule_search_locations) or ():
        if os.access(program := Path(folder, BINARY), os.X_OK):
            yield Kernel("labs-kernel", program, Origin.WHEEL)


def _distribution() -> Iterator[Kernel]:
    if found := shutil.which(PROGRAM):
        yield Kernel(PROGRAM, Path(found), Origin.DISTRIBUTION)
