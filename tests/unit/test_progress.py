"""What was passed is kept, and never lost to a broken file, a crash or a newer version."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from lablib.progress import Progress
from lablib.state import ProgressError, state_folder

TASK, OTHER = "cgroups/memory-only", "cgroups/clean-up"


def progress(folder: Path) -> Progress:
    return Progress(str(folder))


def test_a_task_counts_as_passed_once_it_is_marked_and_in_the_next_run(tmp_path: Path) -> None:
    first = progress(tmp_path / "new" / "folder")
    assert not first.passed(TASK)
    first.mark_passed(TASK)
    assert first.passed(TASK)
    again = progress(tmp_path / "new" / "folder")
    assert again.passed(TASK)
    assert not again.passed(OTHER)


def test_the_file_says_its_version(tmp_path: Path) -> None:
    progress(tmp_path).mark_passed(TASK)
    assert (tmp_path / "passed").read_text() == f"container-labs 1\n{TASK}\n"


def test_what_another_lesson_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    mine, theirs = progress(tmp_path), progress(tmp_path)
    theirs.mark_passed(OTHER)
    mine.mark_passed(TASK)
    assert progress(tmp_path).passed(TASK)
    assert progress(tmp_path).passed(OTHER)


def test_lessons_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    tasks = [f"chapter/task-{number}" for number in range(20)]
    threads = [threading.Thread(target=progress(tmp_path).mark_passed, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = progress(tmp_path)
    assert all(after.passed(task) for task in tasks)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}",
        b"\xff\xfe",
        b"container-labs\n",
        b"container-labs one\n",
        b"1\ncgroups/clean-up\n",
        b"container-labs 1\ncgroups\n",
        b"container-labs 1\ncgroups/\x1b[2J\n",
        "container-labs 1\ncgroups/清理\n".encode(),
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_said_and_put_aside_before_a_new_one_is_written(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "passed").write_bytes(content)
    broken = progress(tmp_path)
    assert broken.problem is not None
    assert broken.problem.key == "progress-broken"
    assert not broken.passed(TASK)
    assert (tmp_path / "passed").read_bytes() == content, "reading alone changes nothing"
    broken.mark_passed(TASK)
    assert (tmp_path / "passed.broken").read_bytes() == content
    assert progress(tmp_path).passed(TASK)
    assert progress(tmp_path).problem is None


def test_a_second_broken_file_does_not_replace_the_first(tmp_path: Path) -> None:
    for content in ("first", "second"):
        (tmp_path / "passed").write_text(content)
        progress(tmp_path).mark_passed(TASK)
    assert {path.read_text() for path in tmp_path.glob("*.broken*")} == {"first", "second"}


def test_a_file_of_a_newer_version_is_left_as_it_is(tmp_path: Path) -> None:
    newer = "container-labs 2\ncgroups/memory-only\tyes\n"
    (tmp_path / "passed").write_text(newer)
    ours = progress(tmp_path)
    assert ours.problem is not None
    assert ours.problem.key == "progress-newer"
    with pytest.raises(ProgressError) as caught:
        ours.mark_passed(TASK)
    assert caught.value.key == "progress-newer"
    assert (tmp_path / "passed").read_text() == newer


def test_a_folder_that_cannot_be_made_is_an_error_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ProgressError) as caught:
        progress(tmp_path / "file" / "state").mark_passed(TASK)
    assert caught.value.key == "progress-not-saved"
    assert caught.value.params["reason"] == "Not a directory"


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress(tmp_path).mark_passed(OTHER)

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProgressError):
        progress(tmp_path).mark_passed(TASK)
    monkeypatch.undo()
    assert progress(tmp_path).passed(OTHER)
    assert not progress(tmp_path).passed(TASK)


def test_state_is_kept_where_the_xdg_specification_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere")
    assert state_folder() == "/elsewhere/container-labs"
    for ignored in ("", "relative/path"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert state_folder() == "/home/ada/.local/state/container-labs"
