"""A lab's journal on a host: what is noted, who may clear it, and what clearing refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.kernel.procfs import ProcFS
from lablib.machine.agent.clearing import Cleared, clear, sweep
from lablib.machine.agent.journal import Journal, Kind, parse

PROJECT = Path(__file__).parents[2]
HOLD = """
import sys, time
from lablib.machine.agent.journal import Journal
journal = Journal.begin(sys.argv[1])
print(journal.path, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """In place of the one in /run."""
    return tmp_path / "run"


def noted(folder: Path, *entries: tuple[str, str]) -> Journal:
    journal = Journal.begin(str(folder))
    for kind, what in entries:
        journal.note(kind, what)
    return journal


def cleared(folder: Path, *entries: tuple[str, str]) -> Cleared:
    journal, found = noted(folder, *entries), Cleared()
    clear(journal, found)
    journal.close()
    return found


def test_what_is_noted_is_read_in_order(folder: Path) -> None:
    entries = [(Kind.CONTROL, "+memory /sys/fs/cgroup"), (Kind.CGROUP, "/sys/fs/cgroup/container-labs-x y")]
    assert noted(folder, *entries).entries() == entries


def test_a_line_that_would_be_two_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="two"):
        noted(folder, (Kind.FOLDER, "/a\ncgroup /b"))


def test_one_that_is_cut_off_anywhere_is_read_to_its_last_whole_entry(folder: Path) -> None:
    entries = [(Kind.CGROUP, "/sys/fs/cgroup/container-labs-1"), (Kind.FOLDER, "/run/container-labs/1")]
    data = Path(noted(folder, *entries).path).read_bytes()
    for size in range(len(data) + 1):
        whole = data[:size].count(b"\n") - 1
        assert list(parse(data[:size])) == entries[: max(0, whole)]


def test_what_does_not_begin_as_ours_has_no_entries() -> None:
    assert list(parse(b"container-labs 2\nfolder /\n")) == []
    assert list(parse(b"folder /\n")) == []


def test_while_its_lab_lives_nobody_else_clears_it_and_then_the_next_does(folder: Path) -> None:
    lab = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert lab.stdout is not None
    path = Path(lab.stdout.readline().strip())
    assert sweep(str(folder)) == Cleared()
    assert path.exists()
    lab.send_signal(signal.SIGKILL)
    lab.communicate()
    assert sweep(str(folder)) == Cleared()
    assert not folder.exists()


def test_the_last_that_was_made_goes_first(folder: Path) -> None:
    inner = folder / "lab"
    child = subprocess.Popen(["sleep", "60"])
    process = ProcFS().process(child.pid)
    assert process is not None
    inner.mkdir(parents=True)
    (inner / "kept").touch()
    entries = [(Kind.FOLDER, str(inner)), (Kind.PROCESS, f"{child.pid} {process.start_time}")]
    try:
        found = cleared(folder, *entries)
    finally:
        child.kill()
    assert found.taken == [f"process {child.pid} {process.start_time}", f"folder {inner}"]
    assert child.wait() == -signal.SIGKILL
    assert not folder.exists()


def test_a_process_of_the_same_number_that_began_later_is_another(folder: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    process = ProcFS().process(child.pid)
    assert process is not None
    try:
        assert cleared(folder, (Kind.PROCESS, f"{child.pid} {process.start_time - 1}")) == Cleared()
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_one_that_ends_by_itself_just_then_is_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        process = ProcFS().process(child.pid)
        assert process is not None
        kill = os.kill

        def too_late(pid: int, number: int) -> None:
            kill(pid, number)
            child.wait()
            kill(pid, number)

        monkeypatch.setattr(os, "kill", too_late)
        assert cleared(folder, (Kind.PROCESS, f"{child.pid} {process.start_time}")) == Cleared()


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (Kind.CGROUP, "/sys/fs/cgroup"),
        (Kind.CGROUP, "/sys/fs/cgroup/system.slice"),
        (Kind.CGROUP, "/sys/fs/cgroup/container-labs-1/../system.slice"),
        (Kind.CGROUP, "container-labs-1"),
        (Kind.CGROUP, "/tmp/container-labs-1"),
        (Kind.CONTROL, "-memory /sys/fs/cgroup"),
        (Kind.CONTROL, "+memory +pids /sys/fs/cgroup"),
        (Kind.CONTROL, "+memory /tmp"),
        (Kind.FOLDER, "/etc"),
        (Kind.FOLDER, "/run/container-labs"),
        (Kind.FOLDER, "/run/container-labs/1/../../etc"),
        (Kind.PROCESS, "1"),
        (Kind.PROCESS, "-1 7"),
        (Kind.LOOPS, "work"),
        (Kind.LOOPS, "- 0:1"),
        (Kind.KEYS, "1 @u"),
        ("mount", "/"),
        ("", ""),
    ],
)
def test_what_no_lab_makes_is_refused_and_said(folder: Path, kind: str, what: str) -> None:
    there = Path("/tmp/container-labs-1")
    there.mkdir(exist_ok=True)
    try:
        assert cleared(folder, (kind, what)) == Cleared(refused=[f"{kind} {what}"])
        assert there.is_dir()
    finally:
        there.rmdir()


def test_a_link_leads_nowhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/kept").touch()
    folder.mkdir()
    (folder / "lab").symlink_to(tmp_path / "mine")
    assert cleared(folder, (Kind.FOLDER, str(folder / "lab"))).refused
    (tmp_path / "other").symlink_to(folder)
    assert cleared(folder, (Kind.FOLDER, str(tmp_path / "other/lab"))).refused
    assert (tmp_path / "mine/kept").exists()


def test_a_folder_that_others_write_to_is_not_believed(folder: Path) -> None:
    noted(folder, (Kind.FOLDER, "/etc")).close()
    folder.chmod(0o777)
    assert sweep(str(folder)) == Cleared()
    folder.chmod(0o755)
    assert sweep(str(folder)).refused == ["folder /etc"]


def test_a_pipe_in_place_of_one_holds_nobody_up(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "1.journal")
    assert sweep(str(folder)) == Cleared()
