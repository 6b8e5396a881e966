"""ruff, mypy and the import contracts are tests like any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-m", "ruff", "check", "."], id="ruff check finds nothing"),
        pytest.param(["-m", "ruff", "format", "--check", "."], id="everything is formatted"),
        pytest.param(["-m", "mypy"], id="mypy --strict finds nothing"),
        pytest.param(
            ["-c", "from importlinter.cli import lint_imports_command as main; main()"], id="imports point down only"
        ),
    ],
)
def test_a_tool_has_nothing_to_say(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
