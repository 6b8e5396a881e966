"""`labs check` for a question: right or wrong, in the stable form, and never told which choice is right."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.cli.conftest import Labs

QUESTION = "cgroups/rmdir-not-rm"
TASK = "cgroups/memory-only"


@pytest.mark.parametrize(("language", "explained"), [("en", "EPERM"), ("zh", "内核会答应")])
def test_a_right_answer_is_explained_and_remembered(labs: Labs, language: str, explained: str) -> None:
    assert f"? {QUESTION}" in labs("list").stdout
    done = labs("check", QUESTION, "--answer", "2", "--lang", language)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"✓ {QUESTION}")
    assert explained in done.stdout
    assert f"✓ {QUESTION}" in labs("list").stdout


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_wrong_answer_is_told_what_to_run_and_not_what_is_right(labs: Labs, language: str) -> None:
    done = labs("check", QUESTION, "--answer=1", "--lang", language)
    assert (done.returncode, done.stderr) == (1, "")
    assert "\nrm -rf /sys/fs/cgroup/mine 2>&1 | tail -n 3\nrmdir /sys/fs/cgroup/mine\n" in done.stdout
    assert "EPERM" not in done.stdout
    assert f"? {QUESTION}" in labs("list").stdout


def test_json_is_in_the_form_of_every_check(labs: Labs) -> None:
    def checked(answer: str) -> dict[str, object]:
        value: dict[str, object] = json.loads(labs("check", QUESTION, "--answer", answer, "--json").stdout)
        assert list(value) == ["task", "verdict", "checks", "machine", "seconds", "score"]
        assert (value["task"], value["machine"]) == (QUESTION, "none")
        return value

    right, wrong = checked("2"), checked("3")
    assert (right["verdict"], wrong["verdict"]) == ("pass", "fail")
    assert right["checks"] == [
        {"id": "answer", "verdict": "pass", "expected": "", "actual": "2", "why": "", "evidence": []}
    ]
    (check,) = wrong["checks"]  # type: ignore[misc]
    assert (check["verdict"], check["expected"], check["actual"]) == ("fail", "", "3")  # type: ignore[index]
    assert "rmdir" in check["why"]  # type: ignore[index]


def test_the_map_counts_questions_and_goes_on_while_one_is_open(labs: Labs) -> None:
    chapters = json.loads(labs("list", "--json").stdout)["chapters"]
    total = sum(len(chapter["tasks"]) + len(chapter["questions"]) for chapter in chapters)
    assert f"0 of {total} " in labs("--lang", "en").stdout
    labs("check", QUESTION, "--answer", "2")
    assert f"1 of {total} " in labs("--lang", "en").stdout


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ([QUESTION], "--answer N"),
        ([QUESTION, "--json"], "--answer N"),
        ([QUESTION, "--answer", "0"], "1 to 4|1 到 4"),
        ([QUESTION, "--answer", "5"], "1 to 4|1 到 4"),
        ([QUESTION, "--answer", "two"], "1 to 4|1 到 4"),
        ([QUESTION, "--answer", "²"], "1 to 4|1 到 4"),
        ([QUESTION, "--answer"], "--answer"),
        ([QUESTION, "--answer", "2", "--script", "s"], "--answer N"),
        ([QUESTION, "--answer", "2", "--on", "guest"], "--answer N"),
        ([TASK, "--answer", "2"], "--script"),
        ([TASK, "--answer", "2", "--script", "s"], "--script"),
        (["cgroups/rmdir-not-rn", "--answer", "2"], QUESTION),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_mistake_has_a_remedy_and_status_2(labs: Labs, words: list[str], remedy: str, language: str) -> None:
    done: subprocess.CompletedProcess[str] = labs("check", *words, LABS_LANG=language)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 2
    assert any(text in done.stderr for text in remedy.split("|"))
