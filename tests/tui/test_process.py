"""The lesson as a process on a terminal of its own: it comes, and goes without a trace."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from tests.tui.fake_machine import FakeMachine, FakePlace, FakeProgress, chapter, entry
from tui.lesson import run_lesson

class Marked(FakeMachine):
    def close(self):
        super().close()
        (folder / "closed").write_text(" ".join(str(shell.status) for shell in self.shells))

folder = Path(sys.argv[1])
told = chapter(folder)
sys.exit(run_lesson(entry(told), lambda: told, Marked, "en", FakeProgress(), FakePlace())[0])
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[pexpect.spawn[str]]:
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    child = pexpect.spawn(
        sys.executable, ["-c", PROGRAM, str(tmp_path)], cwd=str(ROOT), env=environment, dimensions=(24, 80),
        encoding="utf-8", timeout=15,
    )  # fmt: skip
    child.expect("lab#")
    yield child
    if not child.closed:
        child.close(force=True)


def test_typing_is_answered_and_quitting_restores_the_terminal(child: pexpect.spawn[str], tmp_path: Path) -> None:
    child.send("echo $((6*7))\r")
    child.expect("42")
    child.send("\x1d\x11")
    child.expect("\x1b\\[\\?1049l")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0
    assert (tmp_path / "closed").exists()


def test_a_signal_takes_the_lab_away_too(child: pexpect.spawn[str], tmp_path: Path) -> None:
    child.kill(signal.SIGTERM)
    child.expect("\x1b\\[\\?1049l")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 128 + signal.SIGTERM
    assert (tmp_path / "closed").exists()


def test_a_terminal_that_goes_away_takes_the_lab_with_it(child: pexpect.spawn[str], tmp_path: Path) -> None:
    child.ptyproc.fileobj.close()
    child.closed = True
    for _ in range(150):
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid:
            break
        signal.sigtimedwait([], 0.1)
    else:
        child.ptyproc.kill(signal.SIGKILL)
    assert (tmp_path / "closed").exists()
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
