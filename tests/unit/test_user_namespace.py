"""Who may map which ids, by subuid(5), and what a user namespace then has."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.kernel.user_namespace import subordinate

PROJECT = Path(__file__).parents[2]
NAME = pwd.getpwuid(os.geteuid()).pw_name
ENTERED = """
import os
from lablib.kernel.user_namespace import enter, id_count
enter()
print(os.getuid(), os.getgid(), id_count())
"""


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", ""),
        ("somebody:100000:65536\n", ""),
        (f"{NAME}:100000:65536\n", "1 100000 65536"),
        (f"{os.geteuid()}:100000:65536\n", "1 100000 65536"),
        (f"{NAME}:5:2\nsomebody:9:9\n{NAME}:100:3\n", "1 5 2 3 100 3"),
        (f"{NAME}:5\n{NAME}:x:3\n{NAME}:-1:3\n# {NAME}:1:1\n", ""),
    ],
)
def test_ranges_follow_one_another_inside(tmp_path: Path, text: str, numbers: str) -> None:
    (tmp_path / "subuid").write_text(text)
    assert " ".join(subordinate(str(tmp_path / "subuid"), os.geteuid())) == numbers


def test_a_file_that_is_not_there_gives_nobody_anything(tmp_path: Path) -> None:
    assert subordinate(str(tmp_path / "subuid"), os.geteuid()) == []


def test_without_helpers_there_is_our_own_id_and_we_are_root() -> None:
    environment = {**os.environ, "PATH": "/nonexistent"}
    done = subprocess.run([sys.executable, "-c", ENTERED], cwd=PROJECT, env=environment, capture_output=True, text=True)
    if "unshare" in done.stderr:
        pytest.skip(f"no user namespace can be had here: {done.stderr.splitlines()[-1]}")
    assert done.stdout == "0 0 1\n", done.stderr
