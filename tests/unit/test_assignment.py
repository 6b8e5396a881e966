"""What is asked and what it is worth, by the course and by a course file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.course.index import chapter_folders
from lablib.course.structure import Structure, read_structures
from lablib.errors import UsageError
from lablib.grading.assignment import assignment

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def course() -> tuple[Structure, ...]:
    return read_structures(Path(folder) for folder in chapter_folders(str(PROJECT / "content")))


@pytest.fixture
def course_file(tmp_path: Path) -> Path:
    return tmp_path / "course.toml"


def test_without_a_course_file_everything_counts_for_who_hands_it_in(course: tuple[Structure, ...]) -> None:
    made = assignment(course)
    assert made.items["cgroups/memory-only"].points == 20
    assert made.items["cgroups/rmdir-not-rm"].is_question
    assert not made.has_course_file


def test_a_course_file_says_what_is_asked_and_what_it_is_worth(
    course: tuple[Structure, ...], course_file: Path
) -> None:
    course_file.write_text(
        'title = "T"\nchapters = ["overlayfs"]\n[points]\n"cgroups/memory-only" = 7.5\noverlayfs.copy-up = 0\n'
        "seccomp.first-filter = 3\n"
    )
    made = assignment(course, course_file)
    assert made.title == "T"
    assert made.chapters == {"cgroups", "overlayfs", "seccomp"}
    assert made.items["cgroups/memory-only"].points == 7.5
    assert made.items["seccomp/first-filter"].points == 3
    assert [id for id in made.items if id.startswith("cgroups/")] == ["cgroups/memory-only"]
    assert "overlayfs/copy-up" not in made.items
    assert made.has_course_file and all(item.asked for item in made.items.values())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "title = 3",
        'chapters = "cgroups"',
        'chapters = ["no-such"]',
        'pionts = { "cgroups/memory-only" = 3 }',
        '[points]\n"cgroups/no-such" = 3',
        '[points]\n"cgroups/memory-only" = -3',
        '[points]\n"cgroups/memory-only" = true',
        '[points]\n"cgroups/memory-only" = nan',
        '[points]\n"cgroups/memory-only" = "3"',
        '[points]\n"cgroups/memory-only" = 0',
        "not toml",
        "a = " + "[" * 5000,
        "\xff",
    ],
)
def test_a_course_file_that_makes_no_sense_is_refused(
    course: tuple[Structure, ...], course_file: Path, text: str
) -> None:
    course_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        assignment(course, course_file)
    assert caught.value.key == "course-file"


def test_a_course_file_that_is_not_there_is_said(course: tuple[Structure, ...], course_file: Path) -> None:
    with pytest.raises(UsageError) as caught:
        assignment(course, course_file)
    assert caught.value.params["reason"] == "No such file or directory"
