"""The command as a user starts it: a process, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib.errors import MachineError
from lablib.machine.kept import MEMORY
from lablib.machine.kernels import kernels
from lablib.machine.room import memory_folder

PROJECT = Path(__file__).parents[2]
Labs = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "LC_", "LABS_"))}
    return kept | {"HOME": str(home), "LANG": "C.UTF-8"}


@pytest.fixture
def labs(environment: dict[str, str], tmp_path: Path) -> Labs:
    """Runs `labs` to its end, without a terminal."""
    return runner(PROJECT, environment, tmp_path)


def runner(checkout: Path, environment: dict[str, str], folder: Path) -> Labs:
    """Runs the `labs` of `checkout` in `folder`."""

    def run(*words: str, stdin: str = "", timeout: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(checkout / "labs/__main__.py"), *words],
            input=stdin,
            env=environment | more,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture
def guest() -> None:
    """Skips, or with LABS_REQUIRE_KERNEL=1 fails, where no guest can be booted."""
    try:
        kernels()
        memory_folder(MEMORY)
    except MachineError as error:
        if os.environ.get("LABS_REQUIRE_KERNEL"):
            pytest.fail(str(error))
        pytest.skip(f"no guest here: {error}; LABS_REQUIRE_KERNEL=1 makes this a failure")
