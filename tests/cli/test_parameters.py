"""Parameters of each student, from the secret of whoever grades to a lesson, a bundle and a report."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lablib.course.structure import read_structure
from lablib.grading.drawing import Secret
from tests.cli.cohorts import hand_in, noted, results
from tests.cli.conftest import PROJECT, Labs

TASK, SCRIPT = "cgroups/out-of-memory", "cgroups/out-of-memory.sh"
KEY = b"0123456789abcdef"


@pytest.fixture
def course_file(tmp_path: Path) -> Path:
    path = tmp_path / "course.toml"
    path.write_text(f'[points]\n"{TASK}" = 15\n[parameters]\nsecret = "secret"\nstudents = "students"\n')
    set_secret(tmp_path, KEY)
    (tmp_path / "students").write_text("ann\nbob\neve\n")
    return path


def set_secret(folder: Path, key: bytes) -> None:
    (folder / "secret").write_bytes(key)
    (folder / "secret").chmod(0o600)


def name_of(student: str, key: bytes = KEY) -> str:
    chapter = read_structure(PROJECT / "content/02-cgroups")
    task = next(task for task in chapter.tasks if task.id == TASK)
    return Secret(key).values(student, TASK, task.parameters)["small"]


def solution(name: str) -> bytes:
    return f"""#!/bin/sh
cgcreate -g memory:{name}
cgset -r memory.max=16M {name}
cgexec -g memory:{name} python3 -c '[0]*4000000'
""".encode()


def task_of(out: Path, student: str) -> dict[str, Any]:
    task: dict[str, Any] = next(task for task in results(out)[student]["tasks"] if task["task"] == TASK)
    return task


@pytest.mark.kernel
def test_each_is_judged_by_their_own_values_and_what_is_anothers_is_told(
    guest: None, course_file: Path, tmp_path: Path, labs: Labs
) -> None:
    folder, out = tmp_path / "submissions", tmp_path / "out"
    hand_in(folder, "ann", solution(name_of("ann")), SCRIPT)
    hand_in(folder, "bob", solution(name_of("ann")), SCRIPT)
    hand_in(folder, "Eve", solution(name_of("eve")), SCRIPT)
    hand_in(folder, "stranger", solution("small"), SCRIPT)
    command = ("grade", str(folder), "--course", str(course_file), "--out", str(out), "--lang", "en")
    done = labs(*command, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    found = {name: (task_of(out, name)["verdict"], task_of(out, name)["score"]) for name in results(out)}
    assert found == {"ann": ("pass", 1), "bob": ("fail", 0), "Eve": ("pass", 1), "stranger": ("fail", 0)}
    (carried,) = task_of(out, "bob")["carries"]
    assert carried == {
        "student": "ann",
        "parameters": {"small": name_of("ann")},
        "places": ["script", "machine"],
        "chance": pytest.approx(3 / 390625, rel=0.1),
    }
    assert task_of(out, "bob")["parameters"] == {"small": name_of("bob")}
    assert not any(task_of(out, name)["carries"] for name in ("ann", "Eve", "stranger"))
    assert [name for name, one in results(out).items() if not one["listed"]] == ["stranger"]
    (line,) = [line for line in done.stdout.splitlines() if "drawn for ann" in line]
    assert line.startswith(f"bob {TASK}") and "No score depends on it" in line
    assert "has no stranger" in done.stdout
    page = (out / "report.html").read_text("utf-8")
    assert page.count(name_of("ann")) >= 2 and "drawn for ann" in page
    for written in (*out.rglob("*"), tmp_path / "out/results.jsonl"):
        assert written.is_dir() or KEY not in written.read_bytes()

    set_secret(tmp_path, KEY[::-1])  # every piece is another one now
    assert labs(*command, "--resume", timeout=120).returncode == 0
    assert len(noted(out)) == 8 and set(noted(out)[4:]) == set(noted(out)[:4])
    assert task_of(out, "ann")["verdict"] == "fail"
    assert task_of(out, "ann")["parameters"] == {"small": name_of("ann", KEY[::-1])}


@pytest.mark.kernel
def test_what_the_file_says_is_what_a_script_is_checked_by_and_what_a_forged_one_says_counts_for_nothing(
    guest: None, course_file: Path, tmp_path: Path, labs: Labs
) -> None:
    out = tmp_path / "files"
    done = labs("grade", "--parameters", str(out), "--course", str(course_file), "--lang", "en")
    assert done.returncode == 0 and "3 students" in done.stdout
    value = json.loads((out / "bob.json").read_text("utf-8"))
    assert value["parameters"][TASK] == {"small": name_of("bob")}
    assert labs("student", str(out / "bob.json")).returncode == 0
    assert name_of("bob") in labs("read", "cgroups").stdout

    script = tmp_path / "script"
    script.write_bytes(solution(name_of("bob")))
    assert labs("check", TASK, "--script", str(script)).returncode == 0
    script.write_bytes(solution("small"))
    assert labs("check", TASK, "--script", str(script)).returncode == 1

    value["parameters"][TASK] = {"small": name_of("ann")}  # as if bob were ann, for whom there is a solution
    (tmp_path / "forged").write_text(json.dumps(value))
    assert labs("student", str(tmp_path / "forged")).returncode == 0
    hand_in(tmp_path, "cgroups-bob", solution(name_of("ann")), SCRIPT)
    assert labs("submit", "cgroups").returncode == 0  # a self-check, and no more
    with zipfile.ZipFile(tmp_path / "cgroups-bob.zip") as bundle:
        assert json.loads(bundle.read("manifest.json"))["student"] == "bob"
    graded = tmp_path / "graded"
    assert labs("grade", "cgroups-bob.zip", "--course", str(course_file), "--out", str(graded)).returncode == 0
    assert task_of(graded, "cgroups-bob")["verdict"] == "fail"
    assert [one["student"] for one in task_of(graded, "cgroups-bob")["carries"]] == ["ann"]


def test_a_lesson_is_the_courses_own_until_a_file_was_given_and_after_it_was_forgotten(
    course_file: Path, tmp_path: Path, labs: Labs
) -> None:
    plain = labs("read", "cgroups").stdout
    assert "/sys/fs/cgroup/small" in plain and json.loads(labs("student", "--json").stdout) is None
    labs("grade", "--parameters", "files", "--course", str(course_file))
    assert json.loads(labs("student", "files/ann.json", "--json").stdout)["student"] == "ann"
    assert labs("read", "cgroups").stdout != plain
    assert labs("student", "--forget").returncode == 0
    assert labs("read", "cgroups").stdout == plain


def test_nobody_hands_in_for_another_by_mistake(course_file: Path, labs: Labs) -> None:
    labs("grade", "--parameters", "files", "--course", str(course_file))
    labs("student", "files/ann.json")
    done = labs("submit", "cgroups", "--student", "bob", "--lang", "en")
    assert done.returncode == 2 and "are those of ann" in done.stderr
    assert "nothing of cgroups" in labs("submit", "cgroups", "--student", "ANN", "--lang", "en").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grade", "--parameters", "files"], "does not name both"),
        (["student", "course.toml"], "not a student's file"),
        (["student", "none"], "not a student's file"),
        (["student", "--forget", "x"], "cannot do anything with x"),
        (["grade", "--gradescope-image", "x.zip", "--course", "course.toml"], "Gradescope"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(course_file: Path, labs: Labs, words: list[str], said: str) -> None:
    done = labs(*words, "--lang", "en")
    assert done.returncode in (2, 3) and said in done.stderr and len(done.stderr.splitlines()) == 2


def test_a_secret_that_others_may_read_draws_nothing(course_file: Path, labs: Labs) -> None:
    course_file.with_name("secret").chmod(0o644)
    done = labs("grade", "--parameters", "files", "--course", str(course_file), "--lang", "en")
    assert done.returncode == 3 and "chmod 600" in done.stderr and KEY.decode() not in done.stderr
