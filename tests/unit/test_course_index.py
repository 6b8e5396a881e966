from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.course import structure
from lablib.course.index import ChapterEntry, cache_file, chapters
from lablib.errors import ContentError
from tests.unit.made_course import CHAPTER, make, write

PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/container-labs/course"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    make(tmp_path / "content")
    return tmp_path / "content"


@pytest.fixture
def unparsed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Parsing is a failure of the test."""

    def parse(*_: object) -> None:
        raise AssertionError("chapter.toml was parsed")

    monkeypatch.setattr(structure, "read_structures", parse)
    return monkeypatch


def plain(found: list[ChapterEntry]) -> list[object]:
    return [
        (c.id, c.number, c.title, [(t.id, t.title) for t in c.tasks], [(q.id, q.title) for q in c.questions])
        for c in found
    ]


EXPECTED = [
    (
        "cgroups",
        2,
        {"en": "Control groups", "zh": "控制组"},
        [("cgroups/move", {"en": "Move", "zh": "移动"}), ("cgroups/clean-up", {"en": "Clean up", "zh": "清理"})],
        [("cgroups/why", {"en": "Why", "zh": "为何"})],
    )
]


def test_chapters_are_named_with_their_tasks_and_questions(content: Path) -> None:
    assert plain(chapters(str(content))) == EXPECTED


def test_chapters_are_in_the_order_of_their_numbers(content: Path) -> None:
    make(content, "01-first", chapter_toml=CHAPTER.replace('"cgroups"', '"first"'))
    make(content, "drafts", chapter_toml="broken")
    assert [chapter.id for chapter in chapters(str(content))] == ["first", "cgroups"]


def test_no_folder_is_no_chapters(tmp_path: Path) -> None:
    assert chapters(str(tmp_path / "none")) == []


def test_the_second_time_nothing_is_parsed(content: Path, request: pytest.FixtureRequest) -> None:
    chapters(str(content))
    request.getfixturevalue("unparsed")
    assert plain(chapters(str(content))) == EXPECTED


def test_a_changed_chapter_is_read_again(content: Path) -> None:
    chapters(str(content))
    file = content / "02-cgroups/chapter.toml"
    status = file.stat()
    write(file, CHAPTER.replace("Control groups", "Control Groups"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert chapters(str(content))[0].title["en"] == "Control Groups"


def test_a_new_and_a_removed_chapter_are_seen(content: Path) -> None:
    chapters(str(content))
    folder = make(content, "03-more", chapter_toml=CHAPTER.replace('"cgroups"', '"more"'))
    assert len(chapters(str(content))) == 2
    folder.rename(content / "drafts")
    assert len(chapters(str(content))) == 1


def test_another_content_with_the_same_stamps_is_another_course(content: Path, tmp_path: Path) -> None:
    chapters(str(content))
    other = make(tmp_path / "other", chapter_toml=CHAPTER.replace("Control groups", "Control groupz"))
    status = (content / "02-cgroups/chapter.toml").stat()
    os.utime(other / "chapter.toml", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert chapters(str(tmp_path / "other"))[0].title["en"] == "Control groupz"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3\n", "2\n"),
        ("3\n", "\udcff"),
        ("\nend", ""),
        ("\nend", "\n"),
        ("\nend", "\nx\nend"),
        ("\ncgroups\t2\t", "\n\t2\t"),
        ("\ncgroups\t2\t", "\n?\t2\t"),
        ("\ncgroups\t2\t", "\ncgroups\ttwo\t"),
        ("\t控制组", ""),
        ("\t控制组", "\t控制组\t"),
    ],
    ids=repr,
)
def test_a_broken_cache_is_replaced(content: Path, cache: Path, old: str, new: str) -> None:
    chapters(str(content))
    whole = cache.read_bytes()
    broken = whole.decode().replace(old, new, 1).encode(errors="surrogateescape")
    assert broken != whole
    cache.write_bytes(broken)
    assert plain(chapters(str(content))) == EXPECTED
    assert cache.read_bytes() == whole


def test_a_title_the_cache_has_no_form_for_is_read_each_time(content: Path, cache: Path) -> None:
    write(content / "02-cgroups/chapter.toml", CHAPTER.replace("Control groups", "Control\\tgroups"))
    for _ in range(2):
        assert chapters(str(content))[0].title["en"] == "Control\tgroups"
    assert not cache.exists()


def test_where_nothing_can_be_kept_everything_is_read(content: Path, cache: Path) -> None:
    write(cache.parent, "in the way")
    assert plain(chapters(str(content))) == EXPECTED
    assert plain(chapters(str(content))) == EXPECTED


def test_no_half_written_cache_stays(content: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    assert plain(chapters(str(content))) == EXPECTED
    assert list(cache.parent.iterdir()) == [cache]


def test_a_broken_chapter_is_an_error_each_time_and_nothing_is_kept(content: Path, cache: Path) -> None:
    write(content / "02-cgroups/chapter.toml", "id =")
    for _ in range(2):
        with pytest.raises(ContentError) as caught:
            chapters(str(content))
        assert caught.value.params["where"] == f"{content}/02-cgroups/chapter.toml:1"
    assert not cache.exists()


def test_a_numbered_folder_without_chapter_toml_is_an_error(content: Path) -> None:
    (content / "05-empty").mkdir()
    with pytest.raises(ContentError) as caught:
        chapters(str(content))
    assert caught.value.params["where"] == f"{content}/05-empty/chapter.toml:1"


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ContentError) as caught:
        chapters(str(tmp_path / "loop"))
    assert "cannot be read" in caught.value.params["reason"]


def test_a_path_that_is_not_utf_8_is_kept_too(tmp_path: Path, cache: Path, request: pytest.FixtureRequest) -> None:
    content = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    make(content)
    assert plain(chapters(str(content))) == EXPECTED
    request.getfixturevalue("unparsed")
    assert plain(chapters(str(content))) == EXPECTED


def test_a_relative_cache_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_file() == "/home/me/.cache/container-labs/course"


def test_what_is_cached_costs_no_import(content: Path) -> None:
    chapters(str(content))
    code = (
        "import sys, __future__; before = set(sys.modules)\n"
        "from lablib.course.index import chapters; assert chapters(sys.argv[1])\n"
        "print(*sorted(m for m in set(sys.modules) - before if not m.startswith('lablib')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(content)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
