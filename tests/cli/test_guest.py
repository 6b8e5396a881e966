"""`labs guest`: the kernels there are, and which of them guests boot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Labs


@pytest.fixture
def dead(home: Path) -> Path:
    """A kernel that was built here and does not boot: env(1) takes the options for variables, but for `ro`."""
    return built(home, "9.9.9-dead", Path("/usr/bin/env").read_bytes())


def built(home: Path, name: str, content: bytes) -> Path:
    program = home / ".local/share/container-labs/kernels" / name / "linux"
    program.parent.mkdir(parents=True)
    program.write_bytes(content)
    program.chmod(0o755)
    return program


def said(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    return done.stderr


@pytest.mark.kernel
def test_list_tells_of_each_kernel_which_is_used_and_why_one_is_not(labs: Labs, guest: None, dead: Path) -> None:
    done = labs("guest", "list")
    assert done.returncode == 0
    assert "'ro': No such file or directory" in done.stdout
    assert done.stdout.count("\n* ") == 1
    rows = {row["name"]: row for row in json.loads(labs("guest", "list", "--json").stdout)["kernels"]}
    assert not rows["9.9.9-dead"]["boots"]
    assert [row["name"] for row in rows.values() if row["used"]] != ["9.9.9-dead"]
    used = next(row for row in rows.values() if row["used"])
    assert used["boots"]
    assert "memory" in used["features"]


@pytest.mark.kernel
def test_use_chooses_a_kernel_that_boots_and_auto_leaves_it_to_us(labs: Labs, guest: None, home: Path) -> None:
    name = json.loads(labs("guest", "list", "--json").stdout)["kernels"][0]["name"]
    chosen = home / ".local/share/container-labs/kernels/chosen"
    assert labs("guest", "use", name).returncode == 0
    assert chosen.read_text().strip() == name
    assert name in labs("guest", "list").stdout
    assert labs("guest", "use", "auto").returncode == 0
    assert not chosen.exists()


@pytest.mark.kernel
def test_use_refuses_a_kernel_that_does_not_boot(labs: Labs, guest: None, home: Path, dead: Path) -> None:
    done = labs("guest", "use", "9.9.9-dead")
    assert done.returncode == 3
    assert "'ro': No such file or directory" in said(done)
    assert not (dead.parent.parent / "chosen").exists()


def test_remove_takes_away_a_kernel_that_was_built_here(labs: Labs, dead: Path) -> None:
    assert labs("guest", "remove", "9.9.9-dead").returncode == 0
    assert not dead.parent.exists()


def test_remove_leaves_alone_what_was_not_built_here(labs: Labs, dead: Path, tmp_path: Path) -> None:
    kernel = tmp_path / "bin/linux.uml"
    kernel.parent.mkdir()
    shutil.copy(dead, kernel)
    done = labs("guest", "remove", "linux.uml", PATH=f"{kernel.parent}:{os.environ['PATH']}")
    assert done.returncode == 3
    assert kernel.exists()
    assert "linux.uml" in said(done)


def test_a_kernel_that_there_is_not_is_told_with_the_nearest(labs: Labs, dead: Path) -> None:
    done = labs("guest", "remove", "9.9-dead")
    assert done.returncode == 2
    assert "9.9.9-dead" in said(done)


def test_what_an_unfinished_build_left_is_told_and_removed(labs: Labs, dead: Path, home: Path) -> None:
    left = home / ".cache/container-labs/guest-build/linux-source-7.3_7.3.4-1/file"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x" * 10000)
    assert json.loads(labs("guest", "list", "--json").stdout)["unfinished"] >= 10000
    assert "labs guest remove unfinished" in labs("guest", "list").stdout
    assert labs("guest", "remove", "unfinished").returncode == 0
    assert not left.exists()
    assert json.loads(labs("guest", "list", "--json").stdout)["unfinished"] == 0


def test_without_a_compiler_a_build_names_what_is_missing_and_begins_nothing(
    labs: Labs, tmp_path: Path, home: Path
) -> None:
    for name in ("make", "flex", "bison", "bc", "xz", "bzip2", "strip", "dpkg-query"):
        if found := shutil.which(name):
            (tmp_path / "bin").mkdir(exist_ok=True)
            (tmp_path / "bin" / name).symlink_to(found)
    done = labs("guest", "build", PATH=str(tmp_path / "bin"))
    if os.uname().machine == "x86_64":
        assert "gcc" in said(done)
    assert done.returncode == 3
    assert not list((home / ".cache/container-labs").glob("guest-build/*"))


@pytest.mark.parametrize(
    ("words", "tells"),
    [
        (["guest"], "ACTION"),
        (["guest", "lst"], "labs guest list"),
        (["guest", "use"], "labs guest list"),
        (["guest", "list", "x"], "x"),
        (["guest", "list", "--yes"], "--yes"),
        (["guest", "use", "x", "--json"], "--json"),
        (["guest", "build", "--jobs", "0"], "--jobs 2"),
        (["guest", "build", "--jobs", "many"], "many"),
        (["guest", "use", "nothing-like-it"], "nothing-like-it"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_makes_no_sense_is_told(labs: Labs, dead: Path, words: list[str], tells: str, language: str) -> None:
    done = labs(*words, "--lang", language)
    assert done.returncode == 2
    assert tells in said(done)


def test_its_help_names_every_action_and_option(labs: Labs) -> None:
    for language in ("en", "zh"):
        text = labs("guest", "--help", "--lang", language).stdout
        for word in ("list", "use", "build", "remove", "unfinished", "auto", "--jobs", "--source", "--yes", "--json"):
            assert word in text
