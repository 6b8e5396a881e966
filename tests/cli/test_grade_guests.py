"""`labs grade` in real guests: verdicts, and what is left when it is cut off."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lablib.kernel.procfs import ProcFS
from tests.cli.cohorts import SOLUTION, TASK, WRONG, hand_in, noted, results, verdicts
from tests.cli.conftest import PROJECT, Labs, runner
from tests.guests import below

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("guest")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "submissions"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_each_script_has_a_machine_of_its_own_and_the_right_verdict(folder: Path, out: Path, labs: Labs) -> None:
    hand_in(folder, "right", SOLUTION)
    hand_in(folder, "wrong", WRONG)
    hand_in(folder, "nothing", b"echo pass; exit 0\n")
    hand_in(folder, "downs-it", SOLUTION + b"echo c > /proc/sysrq-trigger\n")
    done = labs("grade", str(folder), "--out", str(out), "--jobs", "2", "--lang", "en", timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert verdicts(out) == {
        ("downs-it", TASK): "fail", ("nothing", TASK): "fail", ("right", TASK): "pass", ("wrong", TASK): "fail",
    }  # fmt: skip
    (lost,) = results(out)["downs-it"]["tasks"][0]["checks"]
    assert "twice" in lost["why"]


def test_what_the_machine_cannot_offer_costs_nothing_is_tried_twice_and_listed_apart(
    folder: Path, out: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    hand_in(folder, "s1", SOLUTION)
    labs = runner(demanding_checkout(tmp_path / "checkout"), environment, tmp_path)
    done = labs("grade", str(folder), "--out", str(out), "--lang", "en")
    assert done.returncode == 3
    assert f"this machine cannot): s1 {TASK}" in done.stdout
    (one,) = results(out).values()
    (task,) = one["tasks"]
    assert (one["score"], one["max_points"], task["verdict"], task["score"]) == (None, 0, "blocked", None)
    assert (task["tries"], noted(out)) == (2, [("s1", TASK)] * 2)


def demanding_checkout(folder: Path) -> Path:
    """This checkout, but its tasks of cgroups need what no machine has."""
    folder.mkdir()
    for name in ("labs", "lablib", "checkers"):
        (folder / name).symlink_to(PROJECT / name)
    shutil.copytree(PROJECT / "content", folder / "content")
    chapter = folder / "content/02-cgroups/chapter.toml"
    chapter.write_text(chapter.read_text("utf-8").replace("controller:memory", "program:no-such-program"), "utf-8")
    return folder


@contextmanager
def started(folder: Path, out: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`labs grade` at work on `folder`, in a process group of its own."""
    command = [sys.executable, str(PROJECT / "labs/__main__.py"), "grade", str(folder), "--out", str(out)]
    running = subprocess.Popen(
        [*command, "--jobs", "2"], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def wait_for_verdicts(running: subprocess.Popen[str], count: int) -> None:
    assert running.stdout is not None
    for line in running.stdout:
        count -= TASK in line
        if not count:
            return
    pytest.fail("it ended early")


def ended(pids: list[int], seconds: float = 15.0) -> bool:
    proc, end = ProcFS(), time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(proc.state(pid) not in ("Z", None) for pid in pids):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_cut_off_it_leaves_no_process_and_resumed_it_loses_and_repeats_nothing(
    folder: Path, out: Path, environment: dict[str, str], labs: Labs, number: int
) -> None:
    for student in range(8):
        hand_in(folder, f"s{student}", SOLUTION)
    with started(folder, out, environment) as running:
        wait_for_verdicts(running, 3)
        processes = below(running.pid)
        assert processes
        if number == signal.SIGINT:
            os.killpg(running.pid, number)  # as a terminal does
        else:
            os.kill(running.pid, number)
        running.wait(20)
        assert running.returncode == (-number if number == signal.SIGKILL else 130)
        assert ended(processes)
    before = noted(out)
    assert 3 <= len(before) < 8
    done = labs("grade", str(folder), "--out", str(out), "--resume", "--jobs", "2", timeout=120)
    assert done.returncode == 0
    assert noted(out)[: len(before)] == before
    assert Counter(noted(out)) == {(f"s{student}", TASK): 1 for student in range(8)}
    assert set(verdicts(out).values()) == {"pass"}
