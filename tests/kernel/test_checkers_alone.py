"""`python3 -m checkers` where the state is: inside a guest's own world, with nothing but Python."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

from lablib.machine.guest import GuestMachine
from tests.guests import sh

PROJECT = Path(__file__).parents[2]


def test_it_grades_the_machine_it_runs_on(boot: Callable[..., GuestMachine]) -> None:
    guest = boot()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for part in ("lablib", "checkers"):
            archive.add(PROJECT / part, part, filter=lambda i: None if "__pycache__" in i.name else i)
    guest.put("/root/lab/project.tar.gz", buffer.getvalue())
    sh(guest, "tar xzf project.tar.gz; cd /sys/fs/cgroup; mkdir test test/m; sleep 1d & echo $! > test/cgroup.procs")

    before = sh(guest, "python3 -m checkers cgroups/memory-only --json")
    report = json.loads(before.splitlines()[0])
    assert before.endswith("status=1")
    assert (report["task"], report["verdict"], report["machine"]) == ("cgroups/memory-only", "fail", "here")
    assert "EBUSY" in report["checks"][1]["why"]
    assert set(report["checks"][1]) == {"id", "verdict", "expected", "actual", "why", "evidence"}

    sh(
        guest,
        "cd /sys/fs/cgroup; cat test/cgroup.procs > test/m/cgroup.procs; echo +memory > test/cgroup.subtree_control",
    )
    after = sh(guest, "python3 -m checkers cgroups/memory-only --lang zh")
    assert after.endswith("status=0")
    assert "仍在运行" in after
