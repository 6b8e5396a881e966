"""What a guest waits for before it is up imports nothing dear; see docs/architecture.md, "Boot time"."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lablib.machine.kernels import find_python

PROJECT = Path(__file__).parents[2]
DEAR = {"collections", "contextlib", "dataclasses", "enum", "functools", "inspect", "json", "pathlib", "re", "typing"}


@pytest.mark.parametrize(
    "module", ["lablib.machine.agent.guest", "lablib.machine.agent.emulated", "lablib.machine.keeper"]
)
def test_the_way_to_the_hello_imports_nothing_dear(module: str) -> None:
    program = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); import {module}; print(*sys.modules)"
    done = subprocess.run([find_python(), "-IS", "-c", program], capture_output=True, text=True, check=True)
    assert not DEAR & set(done.stdout.split())
