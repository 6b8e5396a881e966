"""How a lesson starts: where it goes on, and the question about the machine."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lablib.errors import LabsError
from lablib.machine import choose
from lablib.machine.claim import claimed
from lablib.machine.guest import GuestMachine
from lablib.machine.host import HostMachine
from lablib.place import Place
from lablib.progress import Progress
from labs import course, starting


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path))


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is still to be typed; the questions asked are taken from it one by one."""
    answers: list[str] = []

    def answer(_prompt: str) -> str:
        if not answers:
            raise EOFError
        return answers.pop(0)

    monkeypatch.setattr(builtins, "input", answer)
    return answers


@pytest.fixture
def choice(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    return lambda there: monkeypatch.setattr(choose, "both_make_sense", lambda: there)


@pytest.mark.parametrize(
    ("answers", "kind"), [([""], "guest"), (["1"], "guest"), (["host"], "host"), (["3", "yes", " 2 "], "host")]
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_answer_decides_and_is_asked_for_once(
    place: Place, typed: list[str], choice: Callable[[bool], None], answers: list[str], kind: str, language: str
) -> None:
    choice(True)
    typed += answers
    assert starting.chosen_machine(place, language) == kind
    assert not typed
    assert starting.chosen_machine(place, language) == kind
    assert place.machine == kind


def test_nobody_is_asked_where_only_the_guest_makes_sense(
    place: Place, typed: list[str], choice: Callable[[bool], None]
) -> None:
    place.choose_machine("host")  # chosen as root once, and now as somebody else
    choice(False)
    assert starting.chosen_machine(place, "en") == "guest"


def test_who_does_not_answer_starts_nothing_and_is_asked_again(
    place: Place, typed: list[str], choice: Callable[[bool], None]
) -> None:
    choice(True)
    with pytest.raises(KeyboardInterrupt):
        starting.chosen_machine(place, "en")
    assert place.machine == ""


def test_a_choice_that_cannot_be_noted_counts_for_this_start(
    tmp_path: Path, typed: list[str], choice: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    choice(True)
    typed += ["2"]
    (tmp_path / "file").touch()
    assert starting.chosen_machine(Place(str(tmp_path / "file/state")), "en") == "host"
    assert "could not be noted" in capsys.readouterr().err


@pytest.mark.parametrize(("last", "wanted"), [("", "first"), ("gone", "first"), ("second", "second")])
def test_a_start_without_a_chapter_goes_on_with_the_last(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str, wanted: str
) -> None:
    monkeypatch.setattr(course, "chapter_ids", lambda: ["first", "second"])
    monkeypatch.setattr(course, "next_chapter", lambda _progress: "first")
    if last:
        place.remember(last)
    assert starting._where_to_go_on(Progress(str(tmp_path)), place) == wanted


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data/container-labs/work"


def test_the_work_is_kept_in_a_folder_of_the_users_own(data: Path) -> None:
    with starting.claimed_work("cgroups", "en") as work:
        assert work == data / "cgroups"
    assert [folder.stat().st_mode & 0o777 for folder in (data, data.parent)] == [0o700, 0o700]
    assert isinstance(choose.machine_factory("auto", work)(), GuestMachine)
    assert isinstance(choose.machine_factory("host", work)(), HostMachine)


def test_a_second_lesson_of_a_chapter_is_refused_until_the_first_has_ended(data: Path) -> None:
    with claimed("cgroups"):
        with pytest.raises(LabsError) as caught, starting.claimed_work("cgroups", "en"):
            pass
        assert caught.value.key == "lesson-runs"
        with starting.claimed_work("overlayfs", "en"):
            pass
    with starting.claimed_work("cgroups", "en"):
        pass


def test_a_lesson_starts_also_where_no_work_can_be_kept_and_it_is_said(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.parent.parent.touch()
    with starting.claimed_work("cgroups", "en") as work:
        assert work is None
    assert "XDG_DATA_HOME" in capsys.readouterr().err


def test_a_recording_takes_the_place_of_a_machine_and_needs_none() -> None:
    machine = starting._recording(lambda: course.chapter("cgroups"), "en")
    assert machine.open().kind == "replay"
    machine.close()


def test_a_chapter_of_which_nothing_was_recorded_says_so(tmp_path: Path) -> None:
    chapter = dataclasses.replace(course.chapter("cgroups"), folder=tmp_path)
    with pytest.raises(LabsError) as caught:
        starting._recording(lambda: chapter, "en")
    assert caught.value.key == "no-recording"
