"""Reading out a work folder that is hostile, and putting it back, as the agent does it."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.machine.agent import work
from lablib.machine.agent.tar import FILE, members
from lablib.machine.agent.work import Answer, restore, save

LAB = "/root/lab"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a student's world."""
    (tmp_path / "world/root/lab").mkdir(parents=True)
    return tmp_path / "world"


@pytest.fixture
def lab(root: Path) -> Path:
    return root / "root/lab"


def saved(root: Path, kept: str = "") -> tuple[bytes, Answer]:
    pieces, steps = [], save(root, LAB, kept)
    while True:
        try:
            pieces.append(next(steps))
        except StopIteration as end:
            return b"".join(pieces), end.value


def names(archive: bytes) -> set[str]:
    return {os.fsdecode(member.name) for member, _ in members(archive)}


def settle() -> None:
    """Until what has just changed is older than a tick of the clock."""
    time.sleep(3 * work._TICK / 1e9)


def tree(folder: Path) -> list[tuple[str, int, str, int]]:
    """Names, modes, contents or targets, whole seconds of change."""
    found = []
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        text = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""
        found.append((str(path.relative_to(folder)), status.st_mode, text, int(status.st_mtime)))
    return found


def fill(lab: Path) -> None:
    (lab / "folder/inner").mkdir(parents=True)
    (lab / "folder/inner/script").write_text("#!/bin/sh\n")
    (lab / "folder/inner/script").chmod(0o751)
    (lab / "new\nline").write_text("odd")
    Path(os.fsdecode(os.fsencode(lab) + b"/\xff\xfe")).write_text("no UTF-8")
    (lab / "root").symlink_to("/")
    (lab / "dangling").symlink_to("../" * 60 + "nowhere")
    (lab / "empty").mkdir(0o700)
    os.utime(lab / "folder", (1e9, 1e9))


def test_a_folder_comes_back_with_its_files_modes_links_and_times(root: Path, lab: Path, tmp_path: Path) -> None:
    fill(lab)
    archive, answer = saved(root)
    assert "problem" not in answer
    (tmp_path / "work.tar").write_bytes(archive)
    again = tmp_path / "again"
    (again / "root/lab").mkdir(parents=True)
    assert "fingerprint" in restore(again, LAB, str(tmp_path / "work.tar"))
    assert tree(again / "root/lab") == tree(lab)


def test_what_has_not_changed_is_not_read_again(root: Path, lab: Path) -> None:
    fill(lab)
    settle()
    _, first = saved(root)
    assert saved(root, first["fingerprint"]) == (b"", first)


def test_what_was_put_back_counts_as_kept(root: Path, lab: Path, tmp_path: Path) -> None:
    fill(lab)
    (tmp_path / "work.tar").write_bytes(saved(root)[0])
    again = tmp_path / "again"
    (again / "root/lab").mkdir(parents=True)
    answer = restore(again, LAB, str(tmp_path / "work.tar"))
    assert saved(again, answer["fingerprint"]) == (b"", answer)


@pytest.mark.parametrize("change", ["content", "same size and time", "mode", "name", "new", "gone", "link"])
def test_every_change_is_seen(root: Path, lab: Path, change: str) -> None:
    fill(lab)
    settle()
    _, before = saved(root)
    script = lab / "folder/inner/script"
    match change:
        case "content":
            script.write_text("#!/bin/sh\necho more\n")
        case "same size and time":
            times = script.stat()
            script.write_text("#!/bin/ed\n")
            os.utime(script, ns=(times.st_atime_ns, times.st_mtime_ns))
        case "mode":
            script.chmod(0o700)
        case "name":
            script.rename(lab / "script")
        case "new":
            (lab / "empty/new").touch()
        case "gone":
            script.unlink()
        case "link":
            (lab / "root").unlink()
            (lab / "root").symlink_to("/usr")
    archive, after = saved(root, before["fingerprint"])
    assert archive
    assert after != before


def test_a_file_that_is_just_being_changed_is_read_once_more(root: Path, lab: Path) -> None:
    (lab / "file").write_text("now")
    archive, answer = saved(root)
    assert (names(archive), answer) == ({"file"}, {"fingerprint": ""})


def test_links_are_kept_as_links_and_led_through_nowhere(root: Path, lab: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/file").write_text("the runner's")
    (lab / "out").symlink_to(tmp_path / "secret")
    archive, _ = saved(root)
    assert names(archive) == {"out"}
    assert b"the runner's" not in archive


@pytest.mark.parametrize("replaced", ["root", "root/lab"])
def test_a_work_folder_that_is_a_link_is_not_followed(root: Path, tmp_path: Path, replaced: str) -> None:
    (tmp_path / "secret/lab").mkdir(parents=True)
    (tmp_path / "secret/file").write_text("the runner's")
    (root / replaced).rename(root / "moved")
    (root / replaced).symlink_to(tmp_path / "secret")
    assert saved(root) == (b"", {"problem": "no-folder"})


def test_what_is_neither_file_nor_folder_nor_link_is_left_out_without_waiting(root: Path, lab: Path) -> None:
    os.mkfifo(lab / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        folder = os.open(lab, os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)
        (lab / "file").touch()
        assert names(saved(root)[0]) == {"file"}


def test_a_sparse_file_of_a_tebibyte_is_too_large_at_once(root: Path, lab: Path) -> None:
    (lab / "small").write_text("x")
    os.truncate(lab / "small", 1 << 40)
    began = time.monotonic()
    assert saved(root)[1] == {"problem": "too-large"}
    assert time.monotonic() - began < 1


def test_many_files_that_are_too_large_together_are_refused(root: Path, lab: Path) -> None:
    for number in range(17):
        (lab / f"part-{number}").touch()
        os.truncate(lab / f"part-{number}", 1 << 20)
    assert saved(root)[1] == {"problem": "too-large"}
    (lab / "part-0").unlink()
    (lab / "part-1").unlink()
    archive, answer = saved(root)
    assert "fingerprint" in answer
    assert 15 << 20 < len(archive) <= work.MAX_BYTES


def test_more_entries_than_are_kept_are_refused(root: Path, lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MAX_ENTRIES", 50)
    for number in range(50):
        (lab / str(number)).touch()
    assert len(names(saved(root)[0])) == 50
    (lab / "one more").touch()
    assert saved(root)[1] == {"problem": "too-large"}


def test_folders_nested_without_end_are_refused(root: Path, lab: Path) -> None:
    here = os.open(lab, os.O_RDONLY)
    for _ in range(100):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    assert saved(root)[1] == {"problem": "too-large"}
    before = len(os.listdir("/proc/self/fd"))
    saved(root)
    assert len(os.listdir("/proc/self/fd")) == before


class Mischief:
    """Changes the folder between two steps of reading it."""

    def __init__(self, root: Path, lab: Path) -> None:
        self.root, self.lab = root, lab

    def during(self, number: int, change: str) -> tuple[bytes, Answer]:
        steps: Iterator[bytes] = save(self.root, LAB, "")
        pieces = []
        for _ in range(number):
            pieces.append(next(steps))
        victim = self.lab / "b"
        match change:
            case "cut":
                os.truncate(victim, 10)
            case "grown":
                with victim.open("ab") as file:
                    file.write(b"y" * 100_000)
            case "gone":
                victim.unlink()
            case "fifo" | "link":
                victim.unlink()
                os.mkfifo(victim) if change == "fifo" else victim.symlink_to("/etc/passwd")
        while True:
            try:
                pieces.append(next(steps))
            except StopIteration as end:
                return b"".join(pieces), end.value


@pytest.mark.parametrize("moment", [1, 4, 8])
@pytest.mark.parametrize("change", ["cut", "grown", "gone", "fifo", "link"])
def test_a_file_changed_while_it_is_read_still_gives_a_whole_archive(
    root: Path, lab: Path, moment: int, change: str
) -> None:
    for name in "abc":
        (lab / name).write_bytes(name.encode() * 60_000)
    settle()
    archive, answer = Mischief(root, lab).during(moment, change)
    assert {"a", "c"} <= names(archive) <= {"a", "b", "c"}
    assert b"root:x:0" not in archive
    again, _ = saved(root, answer["fingerprint"] or "unsettled")
    now = {path.name: path.lstat().st_size for path in lab.iterdir() if path.is_file() and not path.is_symlink()}
    kept = {os.fsdecode(m.name): m.size for m, _ in members(again or archive) if m.kind == FILE}
    assert kept == now, "what changed is read again"


def test_a_file_that_is_leased_keeps_nobody_waiting(root: Path, lab: Path) -> None:
    import fcntl
    import signal

    (lab / "file").write_text("x")
    holder = os.open(lab / "file", os.O_RDWR)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        began = time.monotonic()
        _, answer = saved(root)
        assert answer["problem"] == "failed"
        assert time.monotonic() - began < 1
    finally:
        os.close(holder)
        signal.signal(signal.SIGIO, before)
    assert "fingerprint" in saved(root)[1]


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 512, os.urandom(4096), b"\0" * (work.MAX_BYTES + 10)])
def test_what_is_no_archive_of_ours_is_said_and_nothing_is_unpacked(
    root: Path, lab: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "work.tar").write_bytes(content)
    assert restore(root, LAB, str(tmp_path / "work.tar"))["problem"] in ("broken", "too-large")
    assert list(lab.iterdir()) == []


def test_an_archive_that_finds_no_room_is_said(root: Path, lab: Path, tmp_path: Path) -> None:
    fill(lab)
    (tmp_path / "work.tar").write_bytes(saved(root)[0])
    again = tmp_path / "again"
    (again / "root/lab/folder").mkdir(parents=True)  # in the way
    assert restore(again, LAB, str(tmp_path / "work.tar"))["problem"] == "failed"


def test_set_user_id_stays(root: Path, lab: Path, tmp_path: Path) -> None:
    (lab / "tool").touch()
    (lab / "tool").chmod(0o4755)
    (tmp_path / "work.tar").write_bytes(saved(root)[0])
    again = tmp_path / "again/root/lab"
    again.mkdir(parents=True)
    restore(tmp_path / "again", LAB, str(tmp_path / "work.tar"))
    assert stat.S_IMODE((again / "tool").stat().st_mode) == 0o4755
