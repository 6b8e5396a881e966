"""What submissions have of other students' parameters: what is told, and what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lablib.course.index import chapter_folders
from lablib.course.structure import read_structures
from lablib.grading.assignment import Assignment, assignment
from lablib.grading.carried import BY_CHANCE, Others
from lablib.grading.drawing import Secret
from lablib.grading.report import Report
from lablib.verdict import Evidence, Result, Verdict

TASK, PLAIN, LIMITED = "cgroups/out-of-memory", "cgroups/memory-only", "cgroups/slowed-not-killed"
STUDENTS = ("ann", "bob", "Zoë")
NOTHING = Report(TASK, Verdict.FAIL, (), "guest", 0.0)


@pytest.fixture(scope="module")
def course() -> Assignment:
    content = Path(__file__).parents[2] / "content"
    plain = assignment(read_structures(Path(folder) for folder in chapter_folders(str(content))))
    return replace(plain, secret=Secret(b"0123456789abcdef"))


@pytest.fixture
def others(course: Assignment) -> Others:
    return Others(course, STUDENTS)


def of(course: Assignment, student: str, task: str = TASK) -> str:
    return next(iter(course.values(student, task).values()))


def seen(text: str) -> Report:
    found = Result("a", Verdict.FAIL, evidence=(Evidence("/sys/fs/cgroup", text),))
    return replace(NOTHING, results=(found,))


def test_another_students_name_in_the_script_or_on_the_machine_is_told_with_its_odds(
    course: Assignment, others: Others
) -> None:
    theirs = of(course, "ann")
    (one,) = others.carried("bob", TASK, f"mkdir /sys/fs/cgroup/{theirs}\n".encode(), NOTHING)
    assert (one.student, one.values, one.places) == ("ann", {"small": theirs}, ("script",))
    assert one.chance == pytest.approx(2 / 390625)
    (one,) = others.carried("bob", TASK, b"eval $(base64 -d <<< x)\n", seen(f"other {theirs}"))
    assert one.places == ("machine",)
    (one,) = others.carried("bob", TASK, theirs.encode(), seen(theirs))
    assert one.places == ("script", "machine")


def test_ones_own_values_are_nobody_elses(course: Assignment, others: Others) -> None:
    assert others.carried("ann", TASK, of(course, "ann").encode(), seen(of(course, "ann"))) == ()
    assert others.carried("Zoe\u0308", TASK, of(course, "Zoë").encode(), NOTHING) == ()
    assert Others(course, ("ann", "ANN")).carried("ANN", TASK, of(course, "ann").encode(), NOTHING) == ()


def test_a_name_in_a_longer_one_is_another_name(course: Assignment, others: Others) -> None:
    theirs = of(course, "ann")
    for text in (f"{theirs}x", f"x{theirs}", theirs[:-1], theirs.upper()):
        assert others.carried("bob", TASK, text.encode(), NOTHING) == (), text
    for text in (f"${{a:-{theirs}}}", f"{theirs}/cgroup.procs", f"name={theirs};", f'"{theirs}"'):
        assert others.carried("bob", TASK, text.encode(), NOTHING), text


def test_a_limit_tells_nobody_from_others(course: Assignment, others: Others) -> None:
    brake = course.values("ann", LIMITED)["brake"]
    assert others.carried("bob", LIMITED, f"echo {brake}M > memory.high".encode(), NOTHING) == ()


def test_the_courses_own_values_are_no_students(others: Others) -> None:
    assert others.carried("bob", TASK, b"mkdir small", seen("small")) == ()


def test_who_writes_down_many_values_is_not_said_to_have_one(course: Assignment, others: Others) -> None:
    pattern = course.items[TASK].parameters["small"]
    many = "\n".join(pattern.drawn(number) for number in range(0, 390625, 5))
    assert others.carried("bob", TASK, f"{many}\n{of(course, 'ann')}".encode(), NOTHING) == ()
    few = "\n".join(pattern.drawn(number) for number in range(100))
    (one,) = others.carried("bob", TASK, f"{few}\n{of(course, 'ann')}".encode(), NOTHING)
    assert 100 * 2 / 390625 < one.chance < BY_CHANCE


def test_who_handed_in_nothing_is_known_by_the_list_of_students(course: Assignment) -> None:
    listed = Others(replace(course, students=("eve",)), ("bob",))
    (one,) = listed.carried("bob", TASK, of(course, "eve").encode(), NOTHING)
    assert one.student == "eve"


def test_without_a_secret_or_parameters_there_is_nothing_to_tell(course: Assignment, others: Others) -> None:
    plain = Others(replace(course, secret=None), STUDENTS)
    assert plain.carried("bob", TASK, of(course, "ann").encode(), NOTHING) == ()
    assert others.carried("bob", PLAIN, of(course, "ann").encode(), NOTHING) == ()


def test_bytes_that_are_no_text_are_looked_through_all_the_same(course: Assignment, others: Others) -> None:
    script = b"\xff\xfe\x00" + of(course, "ann").encode() + b"\x80"
    assert [one.student for one in others.carried("bob", TASK, script, NOTHING)] == ["ann"]


def test_a_script_as_long_as_may_be_is_looked_through_for_a_thousand_students(course: Assignment) -> None:
    many = Others(course, [f"s{number}" for number in range(1000)])
    script = b"small-" * 170_000 + b" " + of(course, "s7").encode()
    assert [one.student for one in many.carried("bob", TASK, script, NOTHING)] == ["s7"]
