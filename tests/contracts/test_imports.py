"""What a command does not use, it does not import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCREEN = {"textual", "rich", "pyghostty"}
SLOW = {"argparse", "tomllib", "dataclasses", "pathlib", "typing", "asyncio", "subprocess", "ctypes", "markdown_it"}
ASK = """
import sys
before = set(sys.modules)
from labs.__main__ import main
status = main(sys.argv[1:])
import json
print(json.dumps([status, sorted({name.partition(".")[0] for name in set(sys.modules) - before})]))
"""


@pytest.fixture(scope="module", autouse=True)
def names_are_known() -> None:
    """The names of chapters and tasks are kept after the first run, which alone has to read TOML."""
    modules_after("list")


def modules_after(*words: str) -> tuple[int, set[str]]:
    done = subprocess.run([sys.executable, "-c", ASK, *words], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.stdout, done.stderr
    status, modules = json.loads(done.stdout.splitlines()[-1])
    return status, set(modules)


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("list", "--lang", "zh")])
def test_list_imports_no_screen_and_nothing_that_is_slow(words: tuple[str, ...]) -> None:
    status, modules = modules_after(*words)
    assert status == 0
    assert not modules & (SCREEN | SLOW)


@pytest.mark.parametrize("words", [("--help",), ("doctor",), ("finish",), ("check", "no/task")])
def test_a_command_without_a_screen_imports_none(words: tuple[str, ...]) -> None:
    _, modules = modules_after(*words)
    assert not modules & SCREEN


@pytest.mark.parametrize("words", [("list",), ("doctor",), ("check", "cgroups/memory-only")])
def test_these_commands_run_on_the_standard_library_alone(words: tuple[str, ...]) -> None:
    _, modules = modules_after(*words)
    assert not modules - set(sys.stdlib_module_names) - {"labs", "lablib", "checkers"}


def test_what_is_copied_to_a_machine_imports_on_the_standard_library_alone() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import checkers, lablib.verdict, lablib.machine.agent.guest, lablib.machine.agent.host, lablib.machine.wire"
    )
    done = subprocess.run([sys.executable, "-IS", "-c", code, str(PROJECT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
