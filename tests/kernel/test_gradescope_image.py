"""The zip for Gradescope, set up and run as its harness does it, in a container without privilege."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import jsonschema
import pytest

from tests.cli.cohorts import QUESTION, RIGHT, SOLUTION, TASK, hand_in
from tests.cli.conftest import PROJECT, runner
from tests.unit.test_formats import GRADESCOPE

LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=4000:4000")
CONTAINER = ["podman", "--runtime=runc", "run", "--rm", "--network=none", *LIMITS]


def in_container(autograder: Path, command: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Runs `command` with `autograder` as /autograder, in a container that has this machine's programs, and what the
    engine gives to every container and no more."""
    mount = f"--volume={autograder}:/autograder"
    run = [*CONTAINER, mount, "--workdir=/autograder", "--rootfs", "/:O", "sh", "-c", command]
    return subprocess.run(run, capture_output=True, text=True, timeout=timeout)


@pytest.fixture
def autograder(tmp_path: Path) -> Path:
    """An /autograder before its image is made; skips where there can be no container."""
    if shutil.which("podman") is None or in_container(tmp_path, "true").returncode != 0:
        reason = "podman with runc cannot run a container here; LABS_REQUIRE_KERNEL=1 makes this a failure"
        if os.environ.get("LABS_REQUIRE_KERNEL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return tmp_path / "autograder"


def test_the_zip_grades_a_submission_in_a_container_without_privilege(
    guests_boot: None, autograder: Path, tmp_path: Path
) -> None:
    course = tmp_path / "course.toml"
    course.write_text(f'[points]\n"{TASK}" = 30\n"{QUESTION}" = 10\n"cgroups/clean-up" = 10\n')
    labs = runner(PROJECT, dict(os.environ), tmp_path)
    made = labs("grade", "--gradescope-image", "image.zip", "--course", str(course), "--lang", "en")
    assert (made.returncode, made.stderr) == (0, "")
    with zipfile.ZipFile(tmp_path / "image.zip") as image:
        assert not [name for name in image.namelist() if "/solutions/" in name or "/wrong/" in name]
        image.extractall(autograder / "source")
    for name in ("setup.sh", "run_autograder", "lab", "kernel/linux"):
        (autograder / "source" / name).chmod(0o755)  # which extractall drops
    hand_in(autograder, "submission", SOLUTION)
    hand_in(autograder, "submission", RIGHT, "answers.toml")
    # setup.sh wants a network, and this container has none; what it installs is on this machine already.
    done = in_container(autograder, "sh source/setup.sh; source/run_autograder")
    assert done.returncode == 0, done.stdout + done.stderr
    value = json.loads((autograder / "results/results.json").read_text("utf-8"))
    jsonschema.validate(value, GRADESCOPE)
    assert value["score"] == 40
    assert [test["status"] for test in value["tests"]] == ["passed", "failed", "passed"]
