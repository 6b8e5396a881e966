"""Folders that students handed in, read without trusting them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lablib.course.index import chapter_folders
from lablib.course.structure import read_structures
from lablib.errors import UsageError
from lablib.grading.assignment import Assignment, assignment
from lablib.grading.script import MAX_SCRIPT
from lablib.grading.submissions import MAX_ANSWERS, MAX_UNREAD, Submission, read_submission, submissions

PROJECT = Path(__file__).parents[2]
TASK, QUESTION = "cgroups/memory-only", "cgroups/rmdir-not-rm"


@pytest.fixture(scope="module")
def course() -> Assignment:
    return assignment(read_structures(Path(folder) for folder in chapter_folders(str(PROJECT / "content"))))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where students' folders are."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


def hand_in(folder: Path, student: str, name: str = "cgroups/memory-only.sh", content: bytes = b"true\n") -> Path:
    path = folder / student / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return folder / student


def only(folder: Path, course: Assignment) -> Submission:
    (one,) = submissions([folder], course)
    return one


@pytest.mark.parametrize("name", ["memory-only.sh", "memory-only.py", "memory-only", "memory-only.C"])
def test_a_script_may_have_any_extension(folder: Path, course: Assignment, name: str) -> None:
    hand_in(folder, "s1", f"cgroups/{name}", b"echo hi\n")
    one = only(folder, course)
    assert (one.name, one.student, list(one.pieces)) == ("s1", "s1", [TASK])
    assert one.content(one.pieces[TASK]) == b"echo hi\n"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("no-users.bpf", "no-users.bpf"),
        ("no-users.sh", ""),
        ("no-users", ""),
        ("no-users.bpf2", ""),
        ("closed.bpf", "closed.bpf"),
        ("no-holes.bpf", "closed.bpf"),
        ("minimal-kill", "minimal-kill"),
        ("minimal-kill.txt", "minimal-kill.txt"),
        ("python-minimal-kill.txt", "minimal-kill.txt"),
        ("python-minimal-kill", ""),
        ("python-minimal-kill.py", ""),
    ],
)
def test_a_file_that_a_task_asks_for_is_known_by_its_name_or_by_the_tasks_with_its_ending(
    folder: Path, course: Assignment, name: str, file: str
) -> None:
    hand_in(folder, "s1", f"seccomp/{name}", b"x")
    (piece,) = only(folder, course).pieces.values()
    assert (piece.file, piece.path, piece.fault) == (file, f"seccomp/{name}", "")


def test_of_a_tasks_files_the_first_counts_and_a_script_beside_one_is_one_too_many(
    folder: Path, course: Assignment
) -> None:
    for name in ("minimal-kill.txt", "minimal-kill", "no-users.bpf", "no-users.sh"):
        hand_in(folder, "s1", f"seccomp/{name}", b"x")
    one = only(folder, course)
    assert one.pieces["seccomp/python-minimal-kill"].file == "minimal-kill"
    assert one.pieces["seccomp/no-users"].fault == "two-scripts"
    assert one.unread == ()


@pytest.mark.parametrize("name", ["minimal-kill.c", "first.bpf", "Closed.bpf", "closed.bpf.bak", "minimal-kill.txt~"])
def test_a_file_that_no_task_asks_for_is_not_read(folder: Path, course: Assignment, name: str) -> None:
    hand_in(folder, "s1", f"seccomp/{name}", b"x")
    one = only(folder, course)
    assert (dict(one.pieces), one.unread) == ({}, (f"seccomp/{name}",))


def test_a_file_is_no_larger_than_a_script_and_no_link_out(folder: Path, course: Assignment, tmp_path: Path) -> None:
    hand_in(folder, "s1", "seccomp/closed.bpf", b"x" * (MAX_SCRIPT + 1))
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "s1/seccomp/no-users.bpf").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "s1/seccomp/minimal-kill")
    one = only(folder, course)
    assert len(one.pieces) == 3
    for piece in one.pieces.values():
        with pytest.raises(OSError):
            one.content(piece)


def test_a_folder_and_a_bundle_of_one_student_are_that_students(folder: Path, course: Assignment) -> None:
    hand_in(folder, "cgroups-ann")
    hand_in(folder, "bob")
    assert [one.student for one in submissions([folder], course)] == ["bob", "ann"]


def test_answers_are_numbers_below_their_chapter_or_behind_whole_names(folder: Path, course: Assignment) -> None:
    hand_in(folder, "s1", "answers.toml", b'"cgroups/rmdir-not-rm" = 2\n[cgroups]\ncgdelete-a-process = 3\nother = 1\n')
    one = only(folder, course)
    assert {id: piece.answer for id, piece in one.pieces.items()} == {QUESTION: 2, "cgroups/cgdelete-a-process": 3}
    assert one.content(one.pieces[QUESTION]) == b"2"


@pytest.mark.parametrize(
    "answer", ["0", "-1", '"2"', "true", "2.0", "[2]", "1979-05-27", "100000000000000000000", "{a=1}"]
)
def test_an_answer_that_is_no_number_of_a_choice_cannot_be_graded(
    folder: Path, course: Assignment, answer: str
) -> None:
    hand_in(folder, "s1", "answers.toml", f"[cgroups]\nrmdir-not-rm = {answer}\n".encode())
    piece = only(folder, course).pieces.get(QUESTION)
    assert piece is not None and piece.fault == "no-number"


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"nonsense",
        b"a = " + b"[" * 150 + b"\n" + b"[" * 150 + b"\n",
        b"x" * (MAX_ANSWERS + 1),
        b"a." * 4000 + b"a = 1",
        b"a = " + b"9" * 5000,
    ],
    ids=["not-utf-8", "not-toml", "deep", "large", "long-key", "huge-number"],
)
def test_answers_that_cannot_be_read_are_told_for_every_question_and_soon(
    folder: Path, course: Assignment, content: bytes
) -> None:
    hand_in(folder, "s1", "answers.toml", content)
    began = time.monotonic()
    pieces = only(folder, course).pieces
    assert time.monotonic() - began < 5
    assert pieces[QUESTION].fault == "no-answers"


def test_two_scripts_for_one_task_are_not_chosen_between(folder: Path, course: Assignment) -> None:
    hand_in(folder, "s1")
    hand_in(folder, "s1", "cgroups/memory-only.py")
    assert only(folder, course).pieces[TASK].fault == "two-scripts"


def test_what_nothing_reads_is_named_and_hidden_files_are_not(folder: Path, course: Assignment) -> None:
    for name in (
        "cgroups/memory-only.sh", "cgroups/memory-only.sh~", "cgroups/no-such.sh", "cgroups/rmdir-not-rm.sh", "notes",
        ".hidden", "cgroups/.swp", "no-chapter/memory-only.sh", "cgroups/esc\x1b[31m.sh",
    ):  # fmt: skip
        hand_in(folder, "s1", name)
    one = only(folder, course)
    assert list(one.pieces) == [TASK]
    assert set(one.unread) == {
        "cgroups/memory-only.sh~", "cgroups/no-such.sh", "cgroups/rmdir-not-rm.sh", "notes", "no-chapter",
        "cgroups/esc␛[31m.sh",
    }  # fmt: skip


def test_a_flood_of_files_is_told_in_few_names(folder: Path, course: Assignment) -> None:
    for number in range(2 * MAX_UNREAD):
        hand_in(folder, "s1", f"cgroups/x{number}")
    assert len(only(folder, course).unread) == MAX_UNREAD


def test_names_that_are_not_utf_8_can_be_printed(folder: Path, course: Assignment) -> None:
    raw = os.path.join(os.fsencode(folder), b"s\xff1")
    os.makedirs(os.path.join(raw, b"cgroups"))
    Path(os.fsdecode(raw), "cgroups/memory-only.sh").write_bytes(b"true\n")
    Path(os.fsdecode(raw), os.fsdecode(b"no\xfe\ntes")).write_bytes(b"")
    one = only(folder, course)
    assert one.name.isprintable() and one.name.encode() == b"s\\udcff1"
    assert one.unread == ("no\\udcfe⏎tes",)
    assert one.content(one.pieces[TASK]) == b"true\n"


def unreadable(folder: Path, course: Assignment) -> str:
    one = only(folder, course)
    with pytest.raises(OSError) as caught:
        one.content(one.pieces[TASK])
    return caught.value.strerror or ""


def test_a_link_out_of_the_submission_reads_nothing(folder: Path, course: Assignment, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the grader\n")
    (folder / "s1/cgroups").mkdir(parents=True)
    for target in (secret, "../../../secret", "/proc/self/environ", "/proc/self/root/etc/passwd"):
        link = folder / "s1/cgroups/memory-only.sh"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        assert unreadable(folder, course).endswith("No such file or directory")
    (folder / "s2").symlink_to(tmp_path)
    assert [one.name for one in submissions([folder], course)] == ["s1"]


def test_what_would_wait_or_is_no_file_is_not_opened_for_reading(folder: Path, course: Assignment) -> None:
    path = folder / "s1/cgroups/memory-only.sh"
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert unreadable(folder, course) == "not a regular file"
    path.unlink()
    path.mkdir()
    assert unreadable(folder, course) == "not a regular file"


def test_a_script_that_is_too_large_is_not_read_whole(folder: Path, course: Assignment) -> None:
    path = hand_in(folder, "s1") / "cgroups/memory-only.sh"
    os.truncate(path, 1 << 40)
    assert unreadable(folder, course) == "larger than a script may be"
    os.truncate(path, MAX_SCRIPT)
    one = only(folder, course)
    assert len(one.content(one.pieces[TASK])) == MAX_SCRIPT


def test_a_path_may_be_one_submission_or_several(folder: Path, course: Assignment) -> None:
    first, second = hand_in(folder, "s1"), hand_in(folder, "s2", "answers.toml", b"")
    assert only(first, course).name == "s1"
    assert [one.name for one in submissions([second, first], course)] == ["s1", "s2"]


def test_a_folder_of_submissions_counts_who_handed_in_nothing(folder: Path, course: Assignment) -> None:
    hand_in(folder, "s1")
    (folder / "s2").mkdir()
    (folder / "README").write_text("of the instructor")
    assert [one.name for one in submissions([folder], course)] == ["s1", "s2"]


def test_a_submission_beside_others_cannot_pass_for_a_folder_of_others(folder: Path, course: Assignment) -> None:
    honest, hostile = hand_in(folder, "s1"), hand_in(folder, "s2", "s3/cgroups/memory-only.sh")
    found = submissions([honest, hostile], course)
    assert [(one.name, list(one.pieces)) for one in found] == [("s1", [TASK]), ("s2", [])]


def test_a_student_called_as_a_chapter_is_one_beside_others(folder: Path, course: Assignment) -> None:
    hand_in(folder, "cgroups")
    hand_in(folder, "s1")
    assert [one.name for one in submissions([folder], course)] == ["cgroups", "s1"]


def test_names_are_ordered_as_people_count(folder: Path, course: Assignment) -> None:
    for name in ("s10", "s2", "s1-b", "s1", "10", "9"):
        hand_in(folder, name)
    assert [one.name for one in submissions([folder], course)] == ["9", "10", "s1", "s1-b", "s2", "s10"]


def test_one_name_twice_is_refused(folder: Path, course: Assignment) -> None:
    hand_in(folder / "a", "s1")
    hand_in(folder / "b", "s1")
    with pytest.raises(UsageError) as caught:
        submissions([folder / "a", folder / "b"], course)
    assert caught.value.key == "twice-submitted"


def test_where_there_is_nothing_it_is_said(folder: Path, course: Assignment) -> None:
    with pytest.raises(UsageError) as caught:
        submissions([folder], course)
    assert caught.value.key == "no-submissions"
    with pytest.raises(UsageError) as caught:
        submissions([folder / "not-there"], course)
    assert caught.value.key == "no-such-path"


def test_a_submission_can_be_read_alone(folder: Path, course: Assignment) -> None:
    assert list(read_submission(hand_in(folder, "s1"), course).pieces) == [TASK]
