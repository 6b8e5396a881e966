"""The zip for Gradescope, set up and run as its harness does it, in a container without privilege."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from tests.cli.cohorts import QUESTION, RIGHT, SOLUTION, TASK, hand_in
from tests.cli.conftest import PROJECT, runner
from tests.gradescope import RESULTS

RUNTIMES = ((), ("--runtime=crun",), ("--runtime=runc",))
"""Not each works on every machine: crun refuses both versions of cgroups side by side."""
STORAGE = Path("/var/lib/containers/storage/overlay")
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=4000:4000")


def in_container(runtime: tuple[str, ...], autograder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Runs `command` with `autograder` as /autograder, in a container that has this machine's programs, and what the
    engine gives to every container and no more."""
    options = [*runtime, "run", "--rm", "--network=none", *LIMITS, f"--volume={autograder}:/autograder"]
    words = ["podman", *options, "--workdir=/autograder", "--rootfs", "/:O", "sh", "-c", command]
    return subprocess.run(words, capture_output=True, text=True, timeout=280)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Options with which containers run here; the test is skipped where none does, whatever the kernel can."""
    mounted = STORAGE.is_mount()
    try:
        yield next(options for options in RUNTIMES if in_container(options, tmp_path, "true").returncode == 0)
    except (StopIteration, FileNotFoundError):
        pytest.skip("podman cannot run a container here")
    finally:
        if STORAGE.is_mount() and not mounted:  # by podman itself, which leaves it so
            subprocess.run(["umount", STORAGE], check=True)


def test_the_zip_grades_a_submission_in_a_container_without_privilege(
    guests_boot: None, runtime: tuple[str, ...], tmp_path: Path
) -> None:
    autograder, course = tmp_path / "autograder", tmp_path / "course.toml"
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
    done = in_container(runtime, autograder, "sh source/setup.sh; source/run_autograder")
    assert done.returncode == 0, done.stdout + done.stderr
    value = json.loads((autograder / "results/results.json").read_text("utf-8"))
    jsonschema.validate(value, RESULTS)
    assert value["score"] == 40
    assert [test["status"] for test in value["tests"]] == ["passed", "failed", "passed"]
