"""Terminals beside the lesson, and what of a lab outlives its machine: the real command, screen, shell and kernel."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lablib.machine.base import Size
from tests.end_to_end.screen import PROJECT, Screen

pytestmark = pytest.mark.usefixtures("guests_boot")

LABS = str(PROJECT / "lab")
PROMPT = "root@lab:~/lab#"
LEAVE = "\x1d\x11"
Terminal = Callable[..., Screen]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LABS_", "TMUX", "XDG_"))}
    (tmp_path / "run").mkdir(mode=0o700)
    folders = {f"XDG_{name}": str(tmp_path) for name in ("STATE_HOME", "DATA_HOME")}
    return kept | folders | {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "LANG": "C.UTF-8", "TERM": "xterm-256color"}


@pytest.fixture
def terminal(environment: dict[str, str]) -> Iterator[Terminal]:
    screens: list[Screen] = []

    def run(*words: str) -> Screen:
        screens.append(Screen([LABS, *words], Size(100, 30), environment))
        return screens[-1]

    yield run
    for screen in screens:
        screen.close()


def labs(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run([LABS, *words], env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_second_terminal_shares_the_lab_and_the_work_survives_a_reset_and_a_kill(
    terminal: Terminal, environment: dict[str, str], tmp_path: Path
) -> None:
    lesson = terminal("start", "cgroups")
    lesson.until(PROMPT)
    beside = terminal("shell")
    beside.until(PROMPT)
    beside.type("mkdir -p notes; echo mine > notes/one; mkdir /sys/fs/cgroup/there; echo do''ne\r")
    beside.until("done")
    assert "fresh machine for cgroups" in labs(environment, "reset")
    beside.until("labs shell cgroups")
    assert beside.ended() == 3

    again = terminal("shell", "cgroups")
    again.until(PROMPT)
    again.type("cat notes/one; ls -d /sys/fs/cgroup/there\r")
    again.until(lambda text: "mine" in text and "No such file" in text)
    again.type("echo later > notes/two; sleep 4; echo kept''\r")
    again.until("\nkept")
    os.kill(_lesson_pid(tmp_path), signal.SIGKILL)
    assert again.ended() == 3
    lesson.close()

    last = terminal("start")  # without a chapter: the one that was started last
    last.until(PROMPT)
    last.type("cat notes/*\r")
    last.until(lambda text: "mine" in text and "later" in text)
    last.type(LEAVE)
    assert last.ended() == 0
    assert list((tmp_path / "run/container-labs").iterdir()) == []


def test_a_second_lesson_of_a_chapter_names_the_way_into_the_first(
    terminal: Terminal, environment: dict[str, str]
) -> None:
    lesson = terminal("start", "cgroups")
    lesson.until(PROMPT)
    second = terminal("start", "cgroups")
    second.until("labs shell cgroups")
    assert second.ended() == 3
    lesson.type(LEAVE)
    assert lesson.ended() == 0


def _lesson_pid(tmp_path: Path) -> int:
    (socket,) = (tmp_path / "run/container-labs").iterdir()
    return int(socket.name.rpartition(".")[2])
