"""A student's file: made by whoever grades, kept by the student, believed in nothing that could not have been drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lablib.course.index import chapter_folders
from lablib.course.structure import TaskStructure, read_structures
from lablib.errors import LabsError, UsageError
from lablib.grading.assignment import assignment
from lablib.grading.handing_out import hand_out
from lablib.student import MAX_BYTES, Student, forget, keep, kept_file, kept_student, read_student

CONTENT = Path(__file__).parents[2] / "content"
STRUCTURES = read_structures(Path(folder) for folder in chapter_folders(str(CONTENT)))
TASKS: list[TaskStructure] = [task for chapter in STRUCTURES for task in chapter.tasks]
SMALL = "cgroups/out-of-memory"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def course_file(tmp_path: Path) -> Path:
    path = tmp_path / "course.toml"
    path.write_text('chapters = ["cgroups"]\n[parameters]\nsecret = "secret"\nstudents = "students"\n')
    (tmp_path / "secret").write_bytes(b"0123456789abcdef")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "students").write_text("ann\n\n  Zoë  \n李雷\n", "utf-8")
    return path


def test_everybody_gets_a_file_of_the_whole_course_and_none_holds_the_secret(course_file: Path, tmp_path: Path) -> None:
    asked = assignment(STRUCTURES, course_file)
    assert hand_out(tmp_path / "out", asked, STRUCTURES) == 3
    found = [read_student(path) for path in sorted((tmp_path / "out").iterdir())]
    assert {one.id for one in found} == {"ann", "Zoë", "李雷"}
    for student in found:
        values = student.values(TASKS)
        assert values[SMALL] == asked.values(student.id, SMALL)
        assert set(values) == {task.id for task in TASKS if task.parameters}
    for path in (tmp_path / "out").iterdir():
        assert b"0123456789abcdef" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_a_student_is_kept_and_forgotten(course_file: Path, tmp_path: Path) -> None:
    assert kept_student() is None
    hand_out(tmp_path / "out", assignment(STRUCTURES, course_file), STRUCTURES)
    student = read_student(tmp_path / "out/ann.json")
    keep(student)
    assert kept_student() == student
    forget()
    forget()
    assert kept_student() is None


BROKEN: list[Any] = [
    b"", b"[]", b"nonsense", b"{}", b'{"form": 1}', b"[" * 100_000, b"\xff", b" " * (MAX_BYTES + 1),
    {"form": 2, "student": "ann", "parameters": {}}, {"form": 1, "student": "../ann", "parameters": {}},
    {"form": 1, "student": 7, "parameters": {}}, {"form": 1, "student": "ann", "parameters": []},
    {"form": 1, "student": "ann", "parameters": {"a": 3}},
]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN, ids=lambda content: str(content)[:40])
def test_what_is_no_students_file_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(LabsError) as caught:
        read_student(path)
    assert caught.value.key == "student-file"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabsError, match="student-file"):
        read_student(tmp_path / "none")


@pytest.mark.parametrize(
    "value",
    ["$(touch /tmp/x)", "../../etc", "<script>", "small-cn8p; reboot", "{{soft}}", "a\nb", "", 3, "other"],
)
def test_a_forged_value_is_never_shown_or_run(value: Any) -> None:
    whole = {task.id: {name: one.default for name, one in task.parameters.items()} for task in TASKS}
    assert Student("ann", whole).values(TASKS)
    forged = Student("ann", whole | {SMALL: {"small": value}})
    with pytest.raises(LabsError) as caught:
        forged.values(TASKS)
    assert (caught.value.key, caught.value.params) == ("student-file-other", {"task": SMALL})


def test_a_file_of_another_version_of_the_course_is_told(course_file: Path) -> None:
    with pytest.raises(LabsError, match="student-file-other"):
        Student("ann", {}).values(TASKS)
    assert not kept_file().exists()


@pytest.mark.parametrize(
    ("students", "said"),
    [
        ("ann\nANN\n", "2: ANN, ann"),
        ("a\na\n", "2: a, a"),
        ("Zoë\nZoe\u0308\n", "2:"),
        ("a/b\n", "1: a/b"),
        (".hidden\n", "1: .hidden"),
        ("ann\n\x1b[31mred\n", "2: \u241b"),
        ("x" * 65 + "\n", "1: x"),
    ],
)
def test_a_list_of_students_is_of_different_people_with_plain_names(
    course_file: Path, students: str, said: str
) -> None:
    course_file.with_name("students").write_text(students, "utf-8")
    with pytest.raises(UsageError) as caught:
        assignment(STRUCTURES, course_file)
    assert said in caught.value.params["reason"]


@pytest.mark.parametrize(
    "table",
    ["parameters = 3", "[parameters]\nsecret = 3", '[parameters]\nstudents = "students"', '[parameters]\nmore = "x"'],
)
def test_a_table_of_parameters_that_makes_no_sense_is_refused(course_file: Path, table: str) -> None:
    course_file.write_text(f'chapters = ["cgroups"]\n{table}\n' if table[0] == "[" else f"{table}\n")
    with pytest.raises(UsageError) as caught:
        assignment(STRUCTURES, course_file)
    assert "parameters" in caught.value.params["reason"]


def test_a_course_file_of_parameters_alone_asks_for_nothing_more_than_the_course(course_file: Path) -> None:
    course_file.write_text('[parameters]\nsecret = "secret"\n')
    asked = assignment(STRUCTURES, course_file)
    assert not asked.has_course_file and asked.is_listed("anybody")
    assert asked.values("ann", SMALL)["small"].startswith("small-")


def test_who_is_listed_is_known_however_the_id_is_written(course_file: Path) -> None:
    asked = assignment(STRUCTURES, course_file)
    assert asked.is_listed("Ann") and asked.is_listed("zoe\u0308") and not asked.is_listed("eve")
