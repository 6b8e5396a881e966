"""`labs grade` as an instructor starts it. Most of these hand in answers alone, which take no machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pexpect
import pytest

from tests.cli.cohorts import NOT_RIGHT, QUESTION, TASK, answer, hand_in, noted, results, verdicts
from tests.cli.conftest import PROJECT, Labs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_answers_are_graded_and_each_verdict_is_a_line(folder: Path, out: Path, labs: Labs) -> None:
    answer(folder, "s1")
    answer(folder, "s2", NOT_RIGHT)
    done = labs("grade", str(folder), "--out", str(out), "--lang", "en")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"✓ s1  {QUESTION}" in done.stdout and f"✗ s2  {QUESTION}" in done.stdout
    assert "2 submissions: 1 passed, 1 failed, 0 could not be graded" in done.stdout
    assert verdicts(out) == {("s1", QUESTION): "pass", ("s2", QUESTION): "fail"}
    assert results(out)["s1"]["score"] == 1 and results(out)["s2"]["score"] == 0


def test_json_prints_what_is_written_and_nothing_else(folder: Path, out: Path, labs: Labs) -> None:
    answer(folder, "s1")
    done = labs("grade", str(folder), "--out", str(out), "--json", "--lang", "zh")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads((out / "results.json").read_text("utf-8"))


def test_a_course_file_says_what_counts(folder: Path, out: Path, labs: Labs, tmp_path: Path) -> None:
    answer(folder, "s1")
    (folder / "s2").mkdir()
    course = tmp_path / "course.toml"
    course.write_text(f'[points]\n"{QUESTION}" = 30\n"{TASK}" = 10\n')
    assert labs("grade", str(folder), "--out", str(out), "--course", str(course)).returncode == 0
    first, second = results(out).values()
    assert (first["score"], first["points"], first["max_points"]) == (0.75, 30, 40)
    assert (second["score"], second["points"], second["max_points"]) == (0, 0, 40)
    missing = next(task for task in second["tasks"] if task["task"] == TASK)
    assert (missing["verdict"], missing["tries"], missing["checks"][0]["id"]) == ("fail", 0, "handed-in")


def test_an_earlier_run_is_gone_on_with_only_when_asked_and_repeats_nothing(
    folder: Path, out: Path, labs: Labs
) -> None:
    answer(folder, "s1")
    assert labs("grade", str(folder), "--out", str(out)).returncode == 0
    answer(folder, "s2")
    refused = labs("grade", str(folder), "--out", str(out), "--lang", "en")
    assert refused.returncode == 2 and "--resume" in refused.stderr
    assert labs("grade", str(folder), "--out", str(out), "--resume").returncode == 0
    assert noted(out) == [("s1", QUESTION), ("s2", QUESTION)]
    answer(folder, "s1", NOT_RIGHT)
    assert labs("grade", str(folder), "--out", str(out), "--resume").returncode == 0
    assert noted(out)[2:] == [("s1", QUESTION)], "another answer is graded, and that one alone"
    assert verdicts(out)["s1", QUESTION] == "fail"


def test_what_is_graded_anew_keeps_the_old_score_beside_the_new(folder: Path, out: Path, labs: Labs) -> None:
    answer(folder, "s1", b"[cgroups]\nrmdir-not-rm = 2\ncgdelete-a-process = 3\n")
    assert labs("grade", str(folder), "--out", str(out)).returncode == 0
    assert labs("grade", str(folder), "--out", str(out), "--regrade", QUESTION).returncode == 0
    befores = {task["task"]: task["before"] for task in results(out)["s1"]["tasks"]}
    assert befores == {QUESTION: [{"verdict": "pass", "score": 1}], "cgroups/cgdelete-a-process": []}


def test_what_cannot_be_graded_for_what_it_is_fails_with_the_reason(folder: Path, out: Path, labs: Labs) -> None:
    hand_in(folder, "s1", b"")
    hand_in(folder, "s1", b"", "cgroups/memory-only.py")
    answer(folder, "s2", b"[cgroups]\nrmdir-not-rm = 'two'\n")
    assert labs("grade", str(folder), "--out", str(out), "--lang", "en").returncode == 0
    (two,), (none,) = (one["tasks"] for one in results(out).values())
    assert (two["verdict"], two["checks"][0]["actual"]) == ("fail", "cgroups/memory-only.py, cgroups/memory-only.sh")
    assert "more than one file" in two["checks"][0]["why"]
    assert (none["verdict"], none["checks"][0]["actual"]) == ("fail", "'two'")


def test_reports_are_written_as_they_are_asked_for(folder: Path, out: Path, labs: Labs) -> None:
    answer(folder, "s1")
    assert labs("grade", str(folder), "--out", str(out)).returncode == 0
    usual = {"results.jsonl", "results.json", "results.csv", "junit.xml", "report.html"}
    assert {path.name for path in out.iterdir()} == usual
    done = labs("grade", str(folder), "--out", str(out), "--resume", "--format", "gradescope,classroom")
    assert done.returncode == 0
    assert {path.name for path in out.iterdir()} == usual | {"gradescope", "classroom"}
    assert [path.name for path in (out / "gradescope").iterdir()] == ["s1.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{folder}"], "--out"),
        (["{folder}", "--out", "{out}", "--jobs", "none"], "number from 1"),
        (["{folder}", "--out", "{out}", "--regrade", "cgroups/memory-onyl"], "memory-only"),
        (["{folder}", "--out", "{out}", "--course", "{out}"], "course file"),
        (["{folder}", "--out", "{out}", "--format", "csv,xls"], "xls"),
        (["{folder}", "--out", "{out}", "--batch", "3"], "on a cluster"),
        (["{folder}", "--out", "{out}", "--dask", "tcp://127.0.0.1:9", "--tls-ca", "ca.pem"], "--tls-key"),
        (["{folder}", "--out", "{out}", "--dask", "tcp://127.0.0.1:9", "--batch", "0"], "1 to 1024"),
        (["{folder}/not-there", "--out", "{out}"], "nothing at"),
        (["--out", "{out}"], "PATH"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(folder: Path, out: Path, labs: Labs, words: list[str], said: str) -> None:
    answer(folder, "s1")
    done = labs("grade", *(word.format(folder=folder, out=out) for word in words), "--lang", "en")
    assert done.returncode == 2 and said in done.stderr
    assert not out.exists()


def test_where_no_guest_can_be_it_is_said_once_and_no_student_is_blamed(folder: Path, out: Path, labs: Labs) -> None:
    hand_in(folder, "s1", b"true\n")
    done = labs("grade", str(folder), "--out", str(out), LABS_GUEST_KERNEL="/bin/false")
    assert done.returncode == 3 and done.stderr
    assert not out.exists()


def test_on_a_terminal_a_table_and_a_bar_are_live(folder: Path, out: Path, environment: dict[str, str]) -> None:
    for number in range(3):
        answer(folder, f"s\x1b[31m{number}")
    command = [str(PROJECT / "labs/__main__.py"), "grade", str(folder), "--out", str(out), "--lang", "en"]
    terminal = pexpect.spawn(
        sys.executable, command, env=environment | {"TERM": "xterm"}, dimensions=(24, 100), encoding="utf-8"
    )
    terminal.expect(pexpect.EOF, timeout=60)
    shown = terminal.before
    assert "3/3" in shown and "0:00:0" in shown
    assert "s␛[31m2" in shown and "s\x1b[31m2" not in shown
    assert "3 submissions" in shown
