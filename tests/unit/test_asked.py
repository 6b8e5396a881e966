"""Calls that a process is made to make, and how it goes on afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.kernel.seccomp import Rule, compile_deny_list, errno_return
from lablib.minimize.asked import ask

MKDIR, MKDIRAT, RMDIR, GETPID = 83, 258, 84, 39
PROJECT = Path(__file__).parents[2]
FILTERED = """
import os, sys
from lablib.kernel import seccomp, syscalls
syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
seccomp.set_mode_filter(bytes.fromhex(sys.argv[1]))
os.execvp("sleep", ["sleep", sys.argv[2]])
"""

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="registers of x86-64")


@pytest.fixture
def sleep(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    seconds = getattr(request, "param", "100")
    with subprocess.Popen(["sleep", seconds]) as process:
        until_asleep(process.pid)
        yield process
        process.kill()


def until_asleep(pid: int) -> None:
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}/comm").read_text() != "sleep\n" or state(pid) != "S":
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(0.05)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_without_a_filter_the_kernel_itself_answers(sleep: subprocess.Popen[bytes]) -> None:
    assert ask(sleep.pid, [MKDIR, MKDIRAT, RMDIR, GETPID]) == [-14, -14, -14, sleep.pid]


@pytest.mark.parametrize("sleep", ["1.5"], indirect=True)
def test_it_sleeps_on_as_long_as_it_was_told_to_and_ends_well(sleep: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    for _ in range(3):
        ask(sleep.pid, [MKDIR, GETPID])
        until_asleep(sleep.pid)
    assert sleep.wait(10) == 0
    assert time.monotonic() - began > 1


def test_one_that_is_stopped_stays_so(sleep: subprocess.Popen[bytes]) -> None:
    sleep.send_signal(signal.SIGSTOP)
    while state(sleep.pid) != "T":
        time.sleep(0.01)
    assert ask(sleep.pid, [MKDIR, GETPID]) == [-14, sleep.pid]
    end = time.monotonic() + 10
    while state(sleep.pid) != "T":  # it is traced, and then runs until it stops again
        assert time.monotonic() < end, state(sleep.pid)
        time.sleep(0.01)
    sleep.send_signal(signal.SIGCONT)
    until_asleep(sleep.pid)


def test_a_filter_answers_for_itself() -> None:
    rules = compile_deny_list([Rule(MKDIR, errno_return(1)), Rule(RMDIR, errno_return(38))], "x86_64")
    command = [sys.executable, "-c", FILTERED, rules.hex(), "100"]
    with subprocess.Popen(command, cwd=PROJECT) as process:
        until_asleep(process.pid)
        assert ask(process.pid, [MKDIR, MKDIRAT, RMDIR]) == [-1, -14, -38]
        process.kill()


def test_one_that_has_ended_cannot_be_asked() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with pytest.raises(OSError):
        ask(process.pid, [MKDIR])


def test_one_that_computes_cannot_be_asked_and_goes_on() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        time.sleep(0.5)
        with pytest.raises(BlockingIOError):
            ask(process.pid, [MKDIR])
        assert state(process.pid) == "R" and process.poll() is None
        process.kill()
