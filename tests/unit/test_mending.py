"""`labs doctor --fix` shows the commands, asks, and runs them."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from lablib.doctor import Finding, State
from lablib.i18n import catalogue
from labs.mending import mend

WORDS = catalogue("en")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the remedy makes."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path / "made"


def finding(*commands: tuple[str, ...]) -> Finding:
    return Finding("x", State.WARN, "doctor.userns", fix=commands)


def test_what_was_agreed_to_is_shown_once_and_run(made: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = finding(("touch", str(made)))
    assert mend([found, found], WORDS, sys.stdout, agreed=True)
    assert made.exists()
    assert capfd.readouterr().out.count(f"    touch {made}\n") == 1


@pytest.mark.parametrize(("answer", "runs"), [("y\n", True), ("\n", False), ("n\n", False), ("", False)])
def test_at_a_terminal_it_is_asked_and_silence_is_no(
    made: Path, monkeypatch: pytest.MonkeyPatch, answer: str, runs: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert mend([finding(("touch", str(made)))], WORDS, sys.stdout, agreed=False) is runs
    assert made.exists() is runs


def test_who_cannot_answer_is_shown_the_commands_alone(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert not mend([finding(("touch", str(made)))], WORDS, sys.stdout, agreed=False)
    assert f"touch {made}" in capsys.readouterr().out
    assert not made.exists()


def test_who_is_not_root_is_shown_sudo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    mend([finding(("sysctl", "-w", "x=0"))], WORDS, sys.stdout, agreed=False)
    assert "    sudo sysctl -w x=0\n" in capsys.readouterr().out


def test_a_command_that_is_not_there_stops_no_other(made: Path) -> None:
    assert mend([finding(("no-such-program",), ("touch", str(made)))], WORDS, sys.stdout, agreed=True)
    assert made.exists()
