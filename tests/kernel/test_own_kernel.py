"""What a kernel that is built here has and the distribution's may lack; and the building itself, which takes long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.machine.guest import GuestMachine
from tests.guests import sh

PROJECT = Path(__file__).parents[2]
SLOW = "LABS_SLOW"


@pytest.mark.parametrize("command", ["ps aux", "top -bn1", "vmstat", "uptime"])
def test_the_programs_of_procps_work(shared_guest: GuestMachine, command: str) -> None:
    if "core id" not in sh(shared_guest, "cat /proc/cpuinfo"):
        pytest.skip("this kernel's /proc/cpuinfo has no core id, without which procps 4.0.2 gives up")
    said = sh(shared_guest, command)
    assert said.endswith("status=0"), said
    assert "Unable" not in said


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get(SLOW),
    reason=f"builds a kernel, which takes many minutes; {SLOW}=1 and -o faulthandler_timeout=0 does",
)
def test_a_kernel_is_built_and_used(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LABS_")}
    home = kept | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_DATA_HOME": str(tmp_path / "data")}

    def guest(*words: str) -> str:
        command = [sys.executable, PROJECT / "labs/__main__.py", "guest", *words]
        done = subprocess.run(command, env=home, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    guest("build", "--yes")
    (folder,) = (path for path in (tmp_path / "data/container-labs/kernels").iterdir() if path.is_dir())
    assert f"* {folder.name}\n" in guest("list")
    assert guest("list").count("unfinished") == 0
