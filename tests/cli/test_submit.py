"""`labs submit`, from what was typed in a lab to a bundle that `labs grade` gives the same verdicts."""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from lablib.machine.claim import work_folder
from lablib.progress import Progress
from lablib.session.typed import BEGIN, END, note_turn
from tests.cli.cohorts import QUESTION, SOLUTION, TASK, WRONG, hand_in, verdicts
from tests.cli.conftest import PROJECT, Labs
from tests.guests import booted, sh
from tests.sessions import ReadSession

TYPED = """cd /sys/fs/cgroup/test && mkdir leaf child && cat cgroup.procs > leaf/cgroup.procs
echo +memory > cgroup.subtree_control"""


@pytest.fixture
def labs_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of the command, for our own process too."""
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    return home


def work_in_a_lab() -> None:
    """What a lesson leaves of a student who solves one task and answers one question."""
    folder = work_folder()
    folder.mkdir(parents=True)
    with closing(booted(work=folder / "cgroups.tar")) as machine:
        session = ReadSession(machine)
        session.run("echo not of any task; sleep 1.1")
        note_turn(machine, BEGIN, TASK)
        for line in TYPED.splitlines():
            session.run(line)
        session.run("sleep 1.1")
        note_turn(machine, END, TASK)
        session.run("echo after it")
        session.end()
        assert "status=0" in sh(machine, "ls ~/lab/.typed ~/lab/.turns")
        machine.save_work()
    Progress().mark_passed(QUESTION)


@pytest.mark.kernel
def test_what_was_typed_at_a_task_is_replayed_and_handed_in(
    guest: None, labs_home: Path, labs: Labs, tmp_path: Path
) -> None:
    work_in_a_lab()
    done = labs("submit", "cgroups", "--student", "ada", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert (value["bundle"], value["gathered"]) == ("cgroups-ada.zip", ["cgroups/memory-only.sh", "answers.toml"])
    assert {task["task"]: task["verdict"] for task in value["tasks"]} == {TASK: "pass", QUESTION: "pass"}
    with zipfile.ZipFile(tmp_path / "cgroups-ada.zip") as bundle:
        assert bundle.read("cgroups/memory-only.sh").decode() == f"#!/bin/bash\n{TYPED}\nsleep 1.1\n"
        manifest = json.loads(bundle.read("manifest.json"))
    assert set(manifest) == {"form", "student", "chapter", "labs", "kernel", "replay", "files"}
    graded = labs("grade", "cgroups-ada.zip", "--out", "out")
    assert graded.returncode == 0
    assert verdicts(tmp_path / "out") == {("cgroups-ada", TASK): "pass", ("cgroups-ada", QUESTION): "pass"}


@pytest.mark.kernel
def test_what_was_edited_stays_and_a_failure_is_explained_and_handed_in_all_the_same(
    guest: None, labs: Labs, tmp_path: Path
) -> None:
    hand_in(tmp_path, "cgroups-ada", WRONG)
    failed = labs("submit", "cgroups", "--student", "ada", "--lang", "en")
    assert failed.returncode == 1 and "EBUSY" in failed.stdout
    assert (tmp_path / "cgroups-ada.zip").exists()
    hand_in(tmp_path, "cgroups-ada", SOLUTION)
    assert labs("submit", "cgroups", "--student", "ada").returncode == 0
    assert (tmp_path / "cgroups-ada/cgroups/memory-only.sh").read_bytes() == SOLUTION
    with zipfile.ZipFile(tmp_path / "cgroups-ada.zip") as bundle:
        assert bundle.read("cgroups/memory-only.sh") == SOLUTION


FIRST = (PROJECT / "content/03-seccomp/solutions/first-filter/python.sh").read_bytes()
FILTER = (PROJECT / "content/03-seccomp/solutions/no-users/python.py").read_bytes()


def work_on_filters() -> None:
    """What a lesson leaves of a student who wrote one filter and one list, and programs for them."""
    folder = work_folder()
    folder.mkdir(parents=True)
    with closing(booted(work=folder / "seccomp.tar")) as machine:
        machine.put("/root/lab/mine.py", FILTER, 0o755)
        machine.put("/root/lab/first.py", FIRST.split(b"<<'EOF'\n")[1].split(b"EOF\n")[0])  # as by an editor
        session = ReadSession(machine)
        note_turn(machine, BEGIN, "seccomp/first-filter")
        session.run("python3 ~/lab/first.py &")
        session.run("sleep 1.1")
        session.end()
        assert "status=0" in sh(machine, "./mine.py; echo read > minimal-kill.txt; ln -s /etc/passwd closed.bpf")
        machine.save_work()


@pytest.mark.kernel
def test_filters_and_lists_of_the_lab_are_handed_in_as_they_are(
    guest: None, labs_home: Path, labs: Labs, tmp_path: Path
) -> None:
    work_on_filters()
    value = json.loads(labs("submit", "seccomp", "--student", "ada", "--json", timeout=300).stdout)
    assert value["gathered"] == ["seccomp/first-filter.sh", "seccomp/no-users.bpf", "seccomp/minimal-kill.txt"]
    found = {task["task"]: task["verdict"] for task in value["tasks"]}
    assert found == {
        "seccomp/first-filter": "pass",
        "seccomp/no-users": "pass",
        "seccomp/python-minimal-kill": "fail",
    }
    (tmp_path / "seccomp-ada/seccomp/no-users.bpf").write_bytes(b"edited")
    value = json.loads(labs("submit", "seccomp", "--student", "ada", "--json", timeout=300).stdout)
    assert (value["gathered"], value["tasks"][1]["verdict"]) == ([], "fail")


@pytest.mark.kernel
def test_a_file_is_put_where_the_task_looks_and_never_run(guest: None, labs: Labs, tmp_path: Path) -> None:
    made = json.loads(labs("check", "seccomp/no-users", "--script", "-", "--json", stdin=FILTER.decode()).stdout)
    assert made["verdict"] == "pass"
    runs = b"#!/bin/sh\ncp /proc/self/exe ~/lab/ran\n" + FILTER
    (tmp_path / "no-users.bpf").write_bytes(runs)
    done = json.loads(labs("check", "seccomp/no-users", "--script", "no-users.bpf", "--json").stdout)
    assert done["verdict"] == "fail"
    assert all(check["evidence"][0]["text"].startswith(runs[:16].hex(" ")) for check in done["checks"])


def test_answers_alone_need_no_machine(labs_home: Path, labs: Labs, tmp_path: Path) -> None:
    Progress().mark_passed(QUESTION)
    assert labs("submit", "cgroups", "--student", "ada").returncode == 0
    assert (tmp_path / "cgroups-ada/answers.toml").read_text() == "[cgroups]\nrmdir-not-rm = 2\n"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["cgroups"], 3, "nothing of cgroups"),
        (["no-such"], 2, "no chapter"),
        (["cgroups", "--student", "../x"], 2, "cannot be called"),
        ([], 2, "CHAPTER"),
    ],
)
def test_what_cannot_be_handed_in_is_said(labs: Labs, tmp_path: Path, words: list[str], status: int, said: str) -> None:
    done = labs("submit", *words, "--lang", "en")
    assert done.returncode == status and said in done.stderr
    assert not list(tmp_path.glob("*.zip"))


def test_kept_work_that_no_guest_of_ours_wrote_gives_nothing(labs_home: Path, labs: Labs) -> None:
    work_folder().mkdir(parents=True)
    (work_folder() / "cgroups.tar").write_bytes(b"not a tar" * 1000)
    assert labs("submit", "cgroups").returncode == 3
