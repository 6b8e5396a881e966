"""A lab's cgroups on a host: named so that they are known again, and taken away whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

PREFIX = "container-labs-"
_KILL_SECONDS = 10.0


def kill_subtree(subtree: Path) -> None:
    """Kills what runs in `subtree` and removes it, children first. Raises OSError if something of it stays."""
    end = time.monotonic() + _KILL_SECONDS
    while True:
        _kill(subtree)
        try:
            _remove(subtree)
            return
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)  # a killed process leaves its cgroup when it is reaped


def left_behind(root: Path) -> list[Path]:
    """The subtrees below `root` whose agent is gone."""
    found = []
    for folder, children, _ in os.walk(root):
        for name in list(children):
            if name.startswith(PREFIX):
                children.remove(name)
                pid = name.removeprefix(PREFIX)
                if not (pid.isdigit() and Path("/proc", pid).exists()):
                    found.append(Path(folder, name))
    return found


def _kill(subtree: Path) -> None:
    """cgroup.kill where the kernel has it (5.14), which also thaws; else each process by hand."""
    try:
        (subtree / "cgroup.kill").write_text("1")
    except FileNotFoundError:
        for procs in subtree.rglob("cgroup.procs"):
            for pid in procs.read_text().split():
                try:
                    os.kill(int(pid), 9)
                except ProcessLookupError:
                    continue


def _remove(subtree: Path) -> None:
    for folder, _, _ in os.walk(subtree, topdown=False):
        os.rmdir(folder)
