"""A session whose prompt is not there: programs that wait or hang, half-typed lines, the end of shell and machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lablib.course.model import End
from lablib.errors import MachineError
from lablib.machine.base import Size
from lablib.machine.guest import GuestMachine
from lablib.session.session import BusyError, Session
from tests.sessions import ReadSession, ends

# Programs that have the terminal


@pytest.mark.parametrize(
    ("commands", "program", "leave"),
    [
        ("cat", "cat", "\x04"),
        ("read line", "bash", "\r"),
        ("true; read line", "bash", "\r"),
        ("python3 -q", "python3", "\x04"),
        ("echo x | less", "bash", "q"),
        ("less /etc/passwd", "less", "q"),
        ("vi /etc/passwd", "vi", ":q!\r"),
        ("sudo cat", "sudo", "\x04"),
        ("sh", "sh", "\x04"),
    ],
)
def test_a_program_that_wants_keys_waits_and_has_the_terminal_until_it_ends(
    session: ReadSession, commands: str, program: str, leave: str
) -> None:
    outcome = session.run(commands)
    assert ends(outcome) == (End.WAITING, None)
    assert outcome.seconds < 4
    if program != "bash":
        assert outcome.program == program
        with pytest.raises(BusyError) as caught:
            session.run("echo typed")
        assert (caught.value.key, caught.value.params) == ("session-busy", {"program": program})
    session.type(leave)
    assert session.says("echo back") == "back"


@pytest.mark.parametrize("commands", ["sleep 30", "sudo sleep 30", "sleep 30 | cat", "while :; do :; done"])
def test_a_program_that_wants_nothing_runs_until_its_time_is_up(session: ReadSession, commands: str) -> None:
    outcome = session.run(commands, seconds=1.6)
    assert ends(outcome) == (End.TIMEOUT, None)
    assert outcome.program in ("sleep", "sudo", "bash")
    assert 1.5 < outcome.seconds < 4
    assert session.interrupt()
    assert session.says("echo back") == "back"


def test_a_programs_name_is_made_harmless(session: ReadSession) -> None:
    outcome = session.run("sh -c 'printf \"\\033[2J\\n\" > /proc/self/comm; read line'")
    assert (outcome.end, outcome.program) == (End.WAITING, "␛[2J")


def test_a_read_is_not_given_marks_and_keeps_what_is_typed(session: ReadSession) -> None:
    assert session.run("read line").end is End.WAITING
    with pytest.raises(BusyError):
        session.run("echo typed")
    session.type("mine\r")
    assert session.says('echo "$line"') == "mine"


def test_a_command_that_wants_another_line_waits_and_is_dropped_before_the_next(session: ReadSession) -> None:
    for commands in ("for i in 1 2", "true\nfor i in 1 2", "echo 'open"):
        assert ends(session.run(commands)) == (End.WAITING, None)
        assert session.says("echo next") == "next"
    session.type("for i in 1 2 3\r")
    assert session.says("echo $i next") == "next"


@pytest.mark.parametrize("keys", ["echo half", "echo half\x01", "\x12echo", "\x1b\x1b", "x\x16", "(reverse"])
def test_what_is_half_typed_at_the_prompt_is_dropped(session: ReadSession, keys: str) -> None:
    session.run("echo earlier")
    session.type(keys)
    time.sleep(0.2)
    outcome = session.run("echo whole")
    assert (outcome.end, outcome.output) == (End.EXITED, "whole")


# The end of the shell and of the machine


@pytest.mark.parametrize("commands", ["exit", "kill -9 $$", "exec true"])
def test_with_its_first_shell_a_session_is_lost_and_no_step_can_be_typed(session: ReadSession, commands: str) -> None:
    outcome = session.run(commands)
    assert ends(outcome) == (End.LOST, None)
    assert outcome.seconds < 2
    with pytest.raises(BusyError) as caught:
        session.run("true")
    assert caught.value.key == "session-ended"
    began = time.monotonic()
    assert not session.interrupt()
    assert time.monotonic() - began < 0.5


def test_a_session_that_is_closed_in_the_middle_of_a_step_is_lost(shared_guest: GuestMachine) -> None:
    session = ReadSession(shared_guest)
    outcome = session.start("sleep 30", 30)
    session.expect("sleep")
    began = time.monotonic()
    session.end()
    assert ends(outcome()) == (End.LOST, None)
    assert time.monotonic() - began < 2


def test_a_machine_that_ends_in_the_middle_of_a_step_leaves_no_thread_waiting(
    boot: Callable[..., GuestMachine],
) -> None:
    machine = boot()
    sessions = [ReadSession(machine) for _ in range(3)]
    outcomes = [
        session.start(step, 60) for session, step in zip(sessions, ("sleep 60", "cat; sleep 60", "yes"), strict=True)
    ]
    for session, shown in zip(sessions, ("60", "60", "y\r\ny"), strict=True):
        session.expect(shown)
    time.sleep(0.3)
    began = time.monotonic()
    machine.close()
    for outcome in outcomes:
        ended = outcome()
        assert isinstance(ended, MachineError) or ends(ended) == (End.LOST, None)
    for session in sessions:
        session.end()
        with pytest.raises((BusyError, MachineError)):
            session.run("true")
    assert time.monotonic() - began < 10
    with pytest.raises(MachineError):
        Session(machine, Size(80, 24))


# Interrupting


def test_a_step_that_hangs_is_interrupted_from_another_thread(session: ReadSession) -> None:
    outcome = session.start("sleep 30", 30)
    session.expect("sleep")
    time.sleep(0.3)
    assert session.interrupt()
    assert ends(outcome()) == (End.EXITED, 130)
    assert session.says("echo next") == "next"


@pytest.mark.parametrize(
    "commands", ["(trap '' INT; sleep 30)", "sh -c 'trap : INT; while :; do sleep 1; done'", "python3 -q"]
)
def test_a_program_that_does_not_care_for_ctrl_c_is_ended_by_the_next_key(session: ReadSession, commands: str) -> None:
    assert session.run(commands, 1.6).end in (End.TIMEOUT, End.WAITING)
    assert session.interrupt()
    assert session.says("echo next") == "next"


def test_a_program_that_takes_every_key_is_not_ended(session: ReadSession) -> None:
    session.run("less /etc/passwd")
    assert not session.interrupt()


def test_at_the_prompt_there_is_nothing_to_interrupt(session: ReadSession) -> None:
    session.run("true")
    session.seen.clear()
    assert session.interrupt()
    assert session.seen == b""
