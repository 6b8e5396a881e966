"""`labs shell` and `labs reset` on a terminal of their own, against a process that offers a lesson's socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import PROJECT, Labs

Lesson = Callable[[str], "subprocess.Popen[str]"]
Spawn = Callable[..., "pexpect.spawn[str]"]

LESSON = """
import sys
from lablib.attach.server import ControlSocket
from tests.tui.fake_machine import BASH, FakeShell

shells = []
def open_shell(size):
    shells.append(FakeShell(BASH, size))
    return shells[-1]
def reset():
    for shell in shells: shell.close()
    return 2.25
socket = ControlSocket(sys.argv[1], open_shell, reset)
socket.open()
print("ready", flush=True)
sys.stdin.read()
socket.close()
"""
AROUND = 'stty -g > before; "$@"; echo "status=$?"; stty -g > after; cat -A'
"""A shell around the command: what the terminal was before it and after it, and then whatever is still typed."""


@pytest.fixture(autouse=True)
def runtime(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    environment["XDG_RUNTIME_DIR"] = str(folder)


@pytest.fixture
def lesson(environment: dict[str, str]) -> Iterator[Lesson]:
    lessons: list[subprocess.Popen[str]] = []

    def start(chapter: str) -> subprocess.Popen[str]:
        lesson = subprocess.Popen(
            [sys.executable, "-c", LESSON, chapter], env=environment, cwd=PROJECT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        lessons.append(lesson)
        assert lesson.stdout
        assert lesson.stdout.readline() == "ready\n"
        return lesson

    yield start
    for lesson in lessons:
        lesson.communicate()


@pytest.fixture
def shell(environment: dict[str, str], tmp_path: Path) -> Iterator[Spawn]:
    """`labs shell` on a terminal, once the lab's prompt is there."""
    shells: list[pexpect.spawn[str]] = []

    def run(*words: str) -> pexpect.spawn[str]:
        command = [sys.executable, str(PROJECT / "labs/__main__.py"), "shell", *words]
        shells.append(
            pexpect.spawn(
                "sh", ["-c", AROUND, "sh", *command], env=environment, cwd=str(tmp_path), dimensions=(30, 90),
                encoding="utf-8", timeout=15,
            )
        )  # fmt: skip
        shells[-1].expect("lab# ")
        return shells[-1]

    yield run
    for shell in shells:
        shell.close(force=True)


def status(shell: pexpect.spawn[str]) -> int:
    """How it ended."""
    shell.expect(r"status=(\d+)")
    assert shell.match is not None
    return int(shell.match[1])


def is_as_before(tmp_path: Path) -> bool:
    """Whether the terminal is what it was."""
    end = time.monotonic() + 5
    while not (after := tmp_path / "after").exists() or not after.read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    return after.read_text() == (tmp_path / "before").read_text()


def labs_pid(shell: pexpect.spawn[str]) -> int:
    return int(Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()[0])


def test_it_is_a_shell_of_the_lab_with_the_size_of_this_terminal(lesson: Lesson, shell: Spawn, tmp_path: Path) -> None:
    lesson("cgroups")
    here = shell()
    here.send("stty size; echo $((6*7))\r")
    here.expect("30 90\r\n42")
    here.setwinsize(33, 101)
    here.send("sleep 0.2; stty size\r")
    here.expect("33 101")
    here.send("sleep 60\r")
    here.send("\x03exit 7\r")
    assert status(here) == 7
    assert is_as_before(tmp_path)


def test_two_terminals_are_two_shells_of_the_same_lab(lesson: Lesson, shell: Spawn) -> None:
    lesson("cgroups")
    one, other = shell("cgroups"), shell()
    for number, here in enumerate((one, other)):
        here.send(f"echo here $((100+{number}))\r")
        here.expect(f"here 10{number}")
    one.send("exit\r")
    assert status(one) == 0
    other.send("kill -9 $$\r")
    assert status(other) == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_terminal(lesson: Lesson, shell: Spawn, tmp_path: Path, number: int) -> None:
    lesson("cgroups")
    here = shell()
    os.kill(labs_pid(here), number)
    assert status(here) == 128 + number
    assert is_as_before(tmp_path)


def test_a_lesson_that_dies_restores_the_terminal_and_says_so(lesson: Lesson, shell: Spawn, tmp_path: Path) -> None:
    running = lesson("cgroups")
    here = shell()
    here.send("printf '\\033[?1049h\\033[?1000h\\033[?25l full''-screen'\r")
    here.expect("full-screen")
    running.kill()
    here.expect(r"\x1b\[\?1047l\x1b\[\?25h\x1b\[\?1000l")
    here.expect("labs start cgroups")
    assert status(here) == 3
    assert is_as_before(tmp_path)


def test_keys_typed_for_a_lab_that_died_do_not_reach_the_shell_outside(
    lesson: Lesson, shell: Spawn, tmp_path: Path
) -> None:
    running = lesson("cgroups")
    here = shell()
    os.kill(labs_pid(here), signal.SIGSTOP)
    running.kill()
    here.send("rm -rf ~\r")
    time.sleep(0.1)
    os.kill(labs_pid(here), signal.SIGCONT)
    assert status(here) == 3
    here.send("\x04")
    here.expect(pexpect.EOF)
    assert "rm -rf" not in here.before


def test_a_shell_that_does_not_answer_is_left_by_hand(lesson: Lesson, shell: Spawn, tmp_path: Path) -> None:
    running = lesson("cgroups")
    here = shell()
    running.send_signal(signal.SIGSTOP)
    here.send("\x1d\x1d\x1d")
    assert status(here) == 0
    assert is_as_before(tmp_path)
    running.send_signal(signal.SIGCONT)


def test_one_ctrl_bracket_is_a_key_like_any_other(lesson: Lesson, shell: Spawn) -> None:
    lesson("cgroups")
    here = shell()
    here.send("cat -v\r")
    here.send("a\x1d\x1db\r")
    here.expect(r"a\^\]\^\]b\r\na\^\]\^\]b")


def test_a_reset_ends_the_shells_of_the_old_machine(lesson: Lesson, shell: Spawn, labs: Labs) -> None:
    lesson("cgroups")
    here = shell()
    done = labs("reset")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2.2 s" in done.stdout
    assert status(here) == 128 + signal.SIGKILL


def test_reset_without_a_lab_says_that_every_start_is_fresh(labs: Labs) -> None:
    for words in (("reset",), ("reset", "cgroups")):
        done = labs(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert "fresh" in done.stdout


def test_a_shell_without_a_lab_is_one_sentence_and_a_remedy(labs: Labs) -> None:
    for words, remedy in ((("shell",), "`labs start`"), (("shell", "cgroups"), "`labs start cgroups`")):
        done = labs(*words)
        assert (done.returncode, done.stdout) == (3, "")
        assert len(done.stderr.splitlines()) == 2
        assert remedy in done.stderr


def test_a_shell_without_a_terminal_is_refused(lesson: Lesson, labs: Labs) -> None:
    lesson("cgroups")
    done = labs("shell")
    assert (done.returncode, done.stdout) == (3, "")
    assert "terminal" in done.stderr


@pytest.mark.parametrize("command", ["shell", "reset"])
def test_where_several_labs_run_one_has_to_be_named(lesson: Lesson, labs: Labs, command: str) -> None:
    lesson("cgroups")
    lesson("overlayfs")
    done = labs(command)
    assert done.returncode == 2
    assert "cgroups, overlayfs" in done.stderr
    assert f"labs {command} cgroups" in done.stderr


@pytest.mark.parametrize("command", ["shell", "reset"])
def test_a_chapter_that_is_none_is_a_wrong_usage(labs: Labs, command: str) -> None:
    done = labs(command, "cgroup")
    assert done.returncode == 2
    assert "cgroups" in done.stderr
