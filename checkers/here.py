"""The machine this runs on, as checks read it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lablib.kernel.cgroup2 import Cgroup, find_cgroup2
from lablib.kernel.procfs import ProcFS
from lablib.verdict import Context


def context_here(parameters: Mapping[str, str]) -> Context | None:
    """The state of this very machine, to be judged by `parameters`; None where no cgroup v2 hierarchy is
    mounted. Raises OSError."""
    path = find_cgroup2()
    if path is None:
        return None
    work = str(Path("~/lab").expanduser())
    return Context(ProcFS(), Cgroup.open_root(path, shown=str(path)), parameters=parameters, work_folder=work)
