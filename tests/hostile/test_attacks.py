"""Every attack is a real submission, graded by `labs grade` beside an honest one; none gets what it is after."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.cohorts import SOLUTION
from tests.hostile.attack import BEGAN, HONEST, SECRET, Attack
from tests.hostile.conftest import GROUPS, Graded

ATTACKS = [pytest.param(group, attack, id=attack.name) for group, attacks in GROUPS.items() for attack in attacks]
LEAST = 45
BOUND = 110.0
"""Seconds in which the worst submission has its verdict: twice its script's time, twice the stopping, two boots."""
Of = Callable[[str], Graded]


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    names = [attack.name for attacks in GROUPS.values() for attack in attacks]
    assert len(names) >= LEAST and len(set(names)) == len(names)


@pytest.mark.parametrize(("group", "attack"), ATTACKS)
def test_no_attack_passes_and_each_is_tried_in_earnest(group: str, attack: Attack, graded: Of) -> None:
    found = graded(group).submissions[attack.name]
    assert bool(found["fault"]) is attack.faults
    assert not [task for task in found["tasks"] if task["verdict"] != "fail"]
    assert found["points"] == 0
    if attack.told:
        assert attack.told in found["tasks"][0]["checks"][0]["why"]
    if attack.runs:
        (task,) = found["tasks"]
        ended = any("machine died" in check["why"] for check in task["checks"])
        assert ended or BEGAN in task["transcript"]
        assert not ended or attack.may_end_machine, task["checks"]


@pytest.mark.parametrize(("group", "attack"), ATTACKS)
def test_no_attack_takes_more_than_its_time(group: str, attack: Attack, graded: Of) -> None:
    assert sum(task["seconds"] for task in graded(group).submissions[attack.name]["tasks"]) < BOUND


@pytest.mark.parametrize("group", GROUPS)
def test_the_honest_student_beside_them_passes(group: str, graded: Of) -> None:
    found = graded(group)
    assert found.verdict(HONEST) == "pass"
    assert found.submissions[HONEST]["score"] == 1
    assert (found.place.submissions / HONEST / "cgroups/memory-only.sh").read_bytes() == SOLUTION


@pytest.mark.parametrize("group", GROUPS)
def test_there_is_a_result_for_each_submission_and_no_other(group: str, graded: Of) -> None:
    assert set(graded(group).submissions) == {HONEST, *(attack.name for attack in GROUPS[group])}


@pytest.mark.parametrize("group", GROUPS)
def test_no_secret_is_in_any_report_and_no_other_work(group: str, graded: Of) -> None:
    found = graded(group)
    for file in reports(found.out):
        content = file.read_bytes()
        assert SECRET.encode() not in content
        assert b"leaf-beside" not in content and SOLUTION[:60] not in content
        assert b"root:$" not in content and b"PRIVATE KEY" not in content


@pytest.mark.parametrize("group", GROUPS)
def test_the_graders_files_are_as_they_were(group: str, graded: Of) -> None:
    found = graded(group)
    content, before = found.target
    after = found.place.target.stat()
    assert content == b"as it was"
    assert (after.st_ino, after.st_mode, after.st_uid, after.st_ctime_ns, after.st_nlink) == (
        before.st_ino, before.st_mode, before.st_uid, before.st_ctime_ns, 1,
    )  # fmt: skip
    assert {path.name for path in found.place.target.parent.iterdir()} == {"secret", "target", "submissions", "out"}


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_stays_on_the_graders_machine(group: str, graded: Of) -> None:
    found = graded(group)
    assert not [thing for thing in found.before if thing.startswith("process")]
    assert found.after - found.before == set()


@pytest.mark.parametrize("group", GROUPS)
def test_nobody_was_spoken_to(group: str, graded: Of) -> None:
    assert graded(group).connections == []


@pytest.mark.parametrize("group", GROUPS)
def test_reports_and_terminal_have_nothing_to_obey(group: str, graded: Of) -> None:
    found = graded(group)
    for text in (found.printed, *(file.read_text("utf-8") for file in reports(found.out))):
        assert not [character for character in "\x1b\x07\x00\u202e\u200b" if character in text]
    page = (found.out / "report.html").read_text("utf-8")
    assert "<script" not in page and "<img" not in page
    with (found.out / "results.csv").open(newline="") as file:
        assert not [cell for row in csv.reader(file) for cell in row if cell.startswith(("=", "+", "@", "\t"))]


def reports(out: Path) -> list[Path]:
    found = [path for path in out.iterdir() if path.name != "results.jsonl"]  # that one is for programs, in escapes
    assert len(found) == 4
    return found
