"""Folders of labs that are gone are taken away, whoever asks and whatever lies about there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.machine import leftovers, orphans
from lablib.machine.keeper import SESSION
from lablib.machine.leftovers import sweep
from lablib.machine.room import OWNER, PREFIX, identity

GONE = "1 1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders of labs lie. Journals are looked for in an empty place."""
    monkeypatch.setattr(leftovers, "folder_of", lambda _uid: "/nonexistent")
    return tmp_path


def made(folder: Path, owner: str, name: str = "x") -> Path:
    left = folder / f"{PREFIX}{name}"
    left.mkdir()
    (left / OWNER).write_text(owner)
    return left


def test_what_belongs_to_a_process_that_is_gone_is_taken_and_nothing_else(folder: Path) -> None:
    gone, alive = made(folder, GONE, "gone"), made(folder, identity(os.getpid()), "alive")
    young = folder / f"{PREFIX}young"
    young.mkdir()
    other = folder / "other"
    other.mkdir()
    assert sweep([folder]).taken == [str(gone)]
    assert [path.is_dir() for path in (gone, alive, young, other)] == [False, True, True, True]
    assert sweep([folder]).taken == []


def test_one_that_is_just_being_written_is_left(folder: Path) -> None:
    made(folder, "")
    assert sweep([folder]).taken == []


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_what_strangers_put_in_place_of_the_owner_holds_nobody_up(folder: Path, kind: str) -> None:
    left = folder / f"{PREFIX}strange"
    left.mkdir()
    (folder / "text").write_text(GONE)
    match kind:
        case "fifo":
            os.mkfifo(left / OWNER)
        case "link":
            (left / OWNER).symlink_to(folder / "text")
        case _:
            (left / OWNER).mkdir()
    assert sweep([folder], everyone=True).taken == []


def test_a_link_in_place_of_a_folder_is_left(folder: Path) -> None:
    target = folder / "target"
    target.mkdir()
    (target / OWNER).write_text(GONE)
    (folder / f"{PREFIX}link").symlink_to(target)
    assert sweep([folder]).taken == []
    assert (target / OWNER).exists()


def test_another_users_are_left_to_root_and_to_who_asks_for_everyones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = made(folder, GONE)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    found = sweep([folder])
    assert (found.taken, found.of_others) == ([], [str(left)])
    assert sweep([folder], everyone=True).taken == [str(left)]


def test_what_a_guest_without_its_keeper_left_running_is_ended(folder: Path) -> None:
    left = made(folder, GONE)
    program = (
        "import os, sys, time\n"
        "from lablib.machine import keeper\n"
        "keeper._note_session(sys.argv[1])\n"
        "if os.fork(): os._exit(0)\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)\n"
    )
    guest = subprocess.Popen(
        [sys.executable, "-c", program, str(left)], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    assert guest.stdout is not None
    helper = int(guest.stdout.readline())
    guest.wait()
    os.kill(helper, 0)
    assert sweep([folder]).taken == [str(left)]
    assert guest.stdout.read() == "", "the last that held the pipe has ended"


def test_a_session_of_that_number_which_began_earlier_is_another(folder: Path) -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    start = int(identity(other.pid).split()[1])
    try:
        (folder / SESSION).write_text(f"{other.pid} {start + 1}")
        orphans.end(str(folder))
        assert other.poll() is None
        (folder / SESSION).write_text(f"{other.pid} {start}")
        orphans.end(str(folder))
        assert other.wait(10) == -9
    finally:
        other.kill()
