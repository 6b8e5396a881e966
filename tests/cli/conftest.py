"""The command as a user starts it: a process, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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

    def run(*words: str, stdin: str = "", timeout: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(PROJECT / "labs/__main__.py"), *words],
            input=stdin,
            env=environment | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run
