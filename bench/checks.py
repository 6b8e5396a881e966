"""What one round of a task's checks costs, against reading the same files once: `.venv/bin/python bench/checks.py`.

The cgroups are plain files in a temporary folder, so that it runs on any machine; the processes are real ones of /proc.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure import medians, report, seconds

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import checkers  # noqa: F401 - registers the checks
from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.procfs import ProcFS
from lablib.verdict import REGISTRY, Context, Verdict, overall

TASK = "cgroups/memory-only"
ROUNDS = 500


@contextmanager
def solved() -> Iterator[Context]:
    """The task as solved: `sleep` in a leaf beside a child that has memory."""
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(["sleep", "1d"]) as sleep:
        try:
            for path, controllers, given, pid in (
                ("", "cpu io memory pids", "cpu io memory pids", ""),
                ("test", "cpu io memory pids", "memory", ""),
                ("test/child", "memory", "", ""),
                ("leaf", "cpu io memory pids", "", str(sleep.pid)),
            ):
                cgroup = Path(folder, path)
                cgroup.mkdir(exist_ok=True)
                (cgroup / "cgroup.controllers").write_text(f"{controllers}\n")
                (cgroup / "cgroup.subtree_control").write_text(f"{given}\n")
                (cgroup / "cgroup.procs").write_text(f"{pid}\n" if pid else "")
                (cgroup / "cgroup.type").write_text("domain\n")
            started = ProcFS().process(sleep.pid)
            assert started
            remembered = {"sleeps": [[sleep.pid, started.start_time, sleep.pid]]}
            yield Context(ProcFS(), Cgroup(Path(folder)), remembered)
        finally:
            sleep.kill()


def files_read(context: Context) -> list[str]:
    """The files that one round opens, in order."""
    opened: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and recording and isinstance(arguments[0], (str, os.PathLike)):
            opened.append(os.fspath(arguments[0]))

    recording = True
    sys.addaudithook(note)
    REGISTRY.run(TASK, context)
    recording = False
    return opened


def read(files: list[str]) -> None:
    for file in files:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        os.read(descriptor, 8192)
        os.close(descriptor)


def main() -> None:
    with solved() as context:
        results = REGISTRY.run(TASK, context)
        if overall(results) is not Verdict.PASS:
            raise SystemExit(f"not the state this measures: {results}")
        files = files_read(context)
        print(f"{TASK}: {len(results)} checks, {len(files)} files read")
        reference = "reading those files once"
        actions = {
            reference: lambda: seconds(lambda: read(files)),
            "one round of the checks": lambda: seconds(lambda: REGISTRY.run(TASK, context)),
        }
        report(medians(actions, ROUNDS), reference)


if __name__ == "__main__":
    main()
