"""Where the reader is, is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.place import Place


def place(folder: Path) -> Place:
    return Place(str(folder))


def test_before_the_first_start_there_is_no_place(tmp_path: Path) -> None:
    fresh = place(tmp_path)
    assert (fresh.last, fresh.machine, fresh.at("cgroups"), fresh.problem) == ("", "", "", None)


def test_the_last_chapter_and_the_place_in_each_are_there_in_the_next_run(tmp_path: Path) -> None:
    first = place(tmp_path)
    first.remember("overlayfs", "first-mount")
    first.remember("cgroups", "memory-only")
    for kept in (first, place(tmp_path)):
        assert kept.last == "cgroups"
        assert kept.at("cgroups") == "memory-only"
        assert kept.at("overlayfs") == "first-mount"


def test_a_chapter_started_again_is_the_last_and_keeps_its_place(tmp_path: Path) -> None:
    first = place(tmp_path)
    first.remember("overlayfs", "first-mount")
    first.remember("cgroups")
    first.remember("overlayfs")
    assert (place(tmp_path).last, place(tmp_path).at("overlayfs")) == ("overlayfs", "first-mount")


def test_the_machine_that_was_chosen_is_kept_beside_the_place(tmp_path: Path) -> None:
    place(tmp_path).remember("cgroups", "move-sleep")
    place(tmp_path).choose_machine("host")
    assert (place(tmp_path).machine, place(tmp_path).at("cgroups")) == ("host", "move-sleep")


def test_the_colours_that_were_chosen_are_kept_beside_the_place(tmp_path: Path) -> None:
    place(tmp_path).remember("cgroups", "move-sleep")
    assert place(tmp_path).theme == ""
    place(tmp_path).choose_theme("light")
    assert (place(tmp_path).theme, place(tmp_path).at("cgroups")) == ("light", "move-sleep")


def test_a_remark_that_was_made_is_kept_beside_the_place(tmp_path: Path) -> None:
    place(tmp_path).remember("cgroups", "move-sleep")
    assert not place(tmp_path).was_told("quicker_guests")
    place(tmp_path).note_told("quicker_guests")
    assert place(tmp_path).was_told("quicker_guests")
    assert place(tmp_path).at("cgroups") == "move-sleep"


def test_what_another_lesson_noted_meanwhile_is_kept(tmp_path: Path) -> None:
    mine, theirs = place(tmp_path), place(tmp_path)
    theirs.remember("overlayfs", "first-mount")
    mine.remember("cgroups", "move-sleep")
    assert place(tmp_path).at("overlayfs") == "first-mount"


@pytest.mark.parametrize(
    "line", ["last", "last\t", "last\ta\tb", "at\tcgroups", "machine\t\x1b[2J", "colour\tred", "", "last cgroups"]
)
def test_a_broken_file_is_said_and_put_aside_before_a_new_one_is_written(tmp_path: Path, line: str) -> None:
    content = f"container-labs 1\nlast\tcgroups\n{line}\n"
    (tmp_path / "place").write_text(content)
    broken = place(tmp_path)
    assert broken.problem is not None
    assert (broken.problem.key, broken.last) == ("progress-broken", "")
    broken.remember("cgroups")
    assert (tmp_path / "place.broken").read_text() == content
    assert place(tmp_path).last == "cgroups"
