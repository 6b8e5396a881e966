"""Whatever is killed, at whatever moment of a chapter: nothing is left behind, nothing noted is lost, and labs start
again. LABS_FAULTS=200 strikes that often on each kind of machine instead of 20 times."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib.machine.guest import GuestMachine
from tests.faults import judge
from tests.guests import sh
from tests.projects import put_project

PROJECT = Path(__file__).parents[2]
COUNT = int(os.environ.get("LABS_FAULTS", "20"))
SECONDS = 60 + 20 * COUNT

pytestmark = pytest.mark.usefixtures("guests_boot")


def test_a_guest_that_is_struck_leaves_nothing() -> None:
    command = [sys.executable, "-m", "tests.faults", "guest", str(COUNT)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    judge(done.stdout.splitlines()[-1], "guest", COUNT)


def test_a_host_that_is_struck_leaves_nothing(boot: Callable[..., GuestMachine]) -> None:
    guest = boot(memory=1 << 30)
    put_project(guest)
    said = sh(guest, f"cd project && python3 -m tests.faults host {COUNT}", timeout=SECONDS)
    *lines, status = said.splitlines()
    assert status == "status=0", said[-2000:]
    judge(lines[-1], "host", COUNT)
