"""The machine this runs on, as checks read it."""

from __future__ import annotations

from pathlib import Path

from lablib.kernel.cgroup2 import Cgroup, find_cgroup2
from lablib.kernel.procfs import ProcFS
from lablib.verdict import Context


def context_here() -> Context | None:
    """The state of this very machine; None where no cgroup v2 hierarchy is mounted. Raises OSError."""
    path = find_cgroup2()
    if path is None:
        return None
    return Context(ProcFS(), Cgroup.open_root(path, shown=str(path)), work_folder=str(Path("~/lab").expanduser()))
