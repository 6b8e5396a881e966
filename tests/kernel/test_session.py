"""Steps in real bash in a guest: how each ends at a prompt, what it printed, and which marks are believed."""

from __future__ import annotations

import contextlib
import time

import pytest

from lablib.course.model import End
from lablib.machine.base import Size
from lablib.machine.guest import GuestMachine
from lablib.session.session import Outcome
from tests.guests import sh
from tests.sessions import ReadSession, ends

NEW_PID_NAMESPACE = "unshare --user --map-root-user --pid --fork --mount-proc bash"
BOX = """
mkdir -p /tmp/box/bin /tmp/box/proc
for file in /bin/bash $(ldd /bin/bash | grep -o '/[^ ]*'); do
    mkdir -p "/tmp/box$(dirname "$file")" && cp -L "$file" "/tmp/box$file"
done
"""


# Back at the prompt


@pytest.mark.parametrize(
    ("commands", "status", "output"),
    [
        ("echo hi", 0, "hi"),
        ("(exit 77)", 77, ""),
        ("echo a\nfalse\necho c\nfalse", 1, "a\nc"),
        ("for word in a b; do\n\techo $word\ndone\n", 0, "a\nb"),
        ("cat <<'E'\n$x\ty\n\n  世界\nE", 0, "$x\ty\n\n  世界"),
        ("cat <<E |\none\nE\ntr a-z A-Z", 0, "ONE"),
        ("if )", 2, "bash: syntax error near unexpected token `)'"),
        ("no-such-program", 127, "bash: no-such-program: command not found"),
        ("sh -c 'kill -9 $$'", 137, "Killed"),
        ("printf unfinished", 0, "unfinished"),
        ("printf '\\033[31mred\\033[0m\\r\\n'", 0, "red"),
        ("echo err >&2", 0, "err"),
        ("sleep 0.1 &", 0, None),
    ],
    ids=["echo", "status", "lines", "loop", "here", "here-in-a-pipe", "syntax", "missing", "signal", "no-newline",
         "colours", "stderr", "background"],
)  # fmt: skip
def test_a_step_that_comes_back_tells_its_status_and_output(
    session: ReadSession, commands: str, status: int, output: str | None
) -> None:
    outcome = session.run(commands)
    assert ends(outcome) == (End.EXITED, status), outcome
    assert output is None or outcome.output == output
    assert outcome.seconds < 5
    assert outcome.program == ""


def test_a_step_may_be_silent_for_long_and_still_come_back(session: ReadSession) -> None:
    outcome = session.run("sleep 1.6; echo late")
    assert ends(outcome) == (End.EXITED, 0)
    assert outcome.output == "late"
    assert outcome.seconds > 1.6


def test_nothing_to_run_comes_back_at_once(session: ReadSession) -> None:
    session.run("(exit 3)")
    assert [session.run(nothing).output for nothing in ("", "# a comment")] == ["", ""]


def test_a_flood_ends_and_its_beginning_and_end_are_told(session: ReadSession) -> None:
    text = session.says("seq 1 200000; echo last")
    assert text.startswith("1\n2\n3\n")
    assert text.endswith("199999\n200000\nlast")


def test_what_the_reader_knows_of_the_last_command_is_untouched(session: ReadSession) -> None:
    session.run("false | true | (exit 3)")
    assert session.says('echo "$? ${PIPESTATUS[@]}"').split()[0] == "3"
    session.run("false | true | (exit 3)")
    assert session.says('echo "${PIPESTATUS[@]}"') == "1 0 3"
    session.run("echo one two")
    assert session.says("echo $_") == "two"


def test_ps_shows_plain_bash_and_there_is_no_function_or_trap(session: ReadSession) -> None:
    assert session.says("ps -o args= -p $$") in ("bash", "/bin/bash")
    assert session.says("declare -F; trap") == ""
    assert session.says("ps -o comm= --ppid $$") == "ps"


# Other shells


def test_a_shell_is_entered_and_left_with_the_status_it_ends_with(session: ReadSession) -> None:
    session.find_prompt()
    first = session.shells
    assert ends(session.run("bash")) == (End.ENTERED, 0)
    assert session.shells[:1] == first
    assert session.says("echo $SHLVL") == "2"
    assert ends(session.run("exit 3")) == (End.LEFT, 3)
    assert session.shells == first
    assert ends(session.run("bash")) == (End.ENTERED, 0)
    assert ends(session.run("kill -9 $$")) == (End.LEFT, 137)
    assert session.shells == first


def test_no_shell_is_ever_taken_for_one_before_it(session: ReadSession) -> None:
    seen = set()
    for _ in range(3):
        session.run(NEW_PID_NAMESPACE)
        assert session.says("echo $$") == "1"
        seen.add(session.shells[-1])
        session.run("exit")
    assert len(seen) == 3


def test_shells_in_new_namespaces_are_entered_two_levels_deep(session: ReadSession) -> None:
    for shell in (NEW_PID_NAMESPACE, f"{NEW_PID_NAMESPACE} --norc"):
        assert ends(session.run(shell)) == (End.ENTERED, 0)
        assert session.says("echo $$") == "1"
    assert len(session.shells) == 3
    assert ends(session.run("false | true | false")) == (End.EXITED, 1)
    assert session.says('echo "${PIPESTATUS[@]}"') == "1 0 1", "no start-up file was read here"
    assert ends(session.run("exit")) == (End.LEFT, 0)
    assert ends(session.run("exit")) == (End.LEFT, 0)
    assert len(session.shells) == 1


def test_two_shells_may_be_left_at_once(session: ReadSession) -> None:
    session.run("bash")
    session.run("bash")
    assert ends(session.run("kill -9 $PPID; exit 4"))[0] is End.LEFT
    session.find_prompt()
    assert len(session.shells) == 1


def test_a_shell_in_place_of_the_first_is_the_first(session: ReadSession) -> None:
    assert ends(session.run("exec bash")) == (End.EXITED, 0)
    assert session.says("echo $SHLVL") == "1"
    assert len(session.shells) == 1


@pytest.mark.parametrize(
    "enter",
    [
        "chroot /tmp/box /bin/bash",
        "unshare --pid --fork --root /tmp/box --mount-proc=/proc /bin/bash",
        "unshare --user --map-root-user --mount --pid --fork --root /tmp/box /bin/bash",
    ],
    ids=["chroot", "unshare", "rootless"],
)
def test_the_bash_of_a_small_container_has_marks(session: ReadSession, shared_guest: GuestMachine, enter: str) -> None:
    assert sh(shared_guest, BOX) == "status=0"
    assert ends(session.run(enter)) == (End.ENTERED, 0)
    assert session.says("echo /*") == "/bin /lib /lib64 /proc"
    assert ends(session.run("false | true | false")) == (End.EXITED, 1)
    assert session.says('echo "${PIPESTATUS[@]}"') == "1 0 1"
    assert ends(session.run("exit")) == (End.LEFT, 0)
    assert sh(shared_guest, "rm -r /tmp/box") == "status=0"


@pytest.mark.parametrize("enter", ["su - student", "sudo -i", "env -i bash", "env -i TERM=xterm bash --norc"])
def test_a_bash_that_lost_its_marks_is_given_them_as_it_is_entered(session: ReadSession, enter: str) -> None:
    outcome = session.run(enter)
    assert ends(outcome) == (End.ENTERED, 0)
    assert outcome.output == "", "neither its prompt nor what gave it marks"
    assert outcome.seconds < 5
    assert session.says("echo $PPID >/dev/null; echo a\necho b") == "a\nb"
    assert ends(session.run("(exit 5)")) == (End.EXITED, 5)
    assert ends(session.run("exit 0")) == (End.LEFT, 0)


def test_a_bash_without_marks_that_the_reader_opened_is_given_them_before_a_step(session: ReadSession) -> None:
    session.find_prompt()
    session.type("su - student\r")
    session.expect("student@lab:~$ ")
    assert session.says("whoami") == "student"
    assert len(session.shells) == 2
    assert "nonce" not in session.says("history | grep -c 'export PROMPT_COMMAND'")


def test_marks_outlast_what_the_reader_does_to_the_prompt(session: ReadSession) -> None:
    for change in ("PS1='> '", "PROMPT_COMMAND=", "PS0=", "unset EPOCHREALTIME", "PS1='> ' PROMPT_COMMAND=", "set -u"):
        assert ends(session.run(change)) == (End.EXITED, 0), change
        assert ends(session.run("(exit 9)")) == (End.EXITED, 9), change
        assert session.says("echo still here") == "still here", change


# Marks that are not ours, prompts that are no end


def test_marks_that_a_step_prints_do_nothing_without_the_nonce(session: ReadSession) -> None:
    forged = "printf '\\033]133;%s\\007' 'D;0;s=99.9;t=1.5;k=deadbeef' 'D;0' 'C;s=99.9;k=deadbeef' 'P;s=1.1;k=0'"
    session.find_prompt()
    shells = session.shells
    outcome = session.run(f"{forged}; sleep 0.3; echo after; (exit 6)")
    assert (outcome.end, outcome.status, outcome.output) == (End.EXITED, 6, "after")
    assert session.shells == shells
    for half in ("\\033]133;D;0;s=99.9;t=1.5", "\\033", "\\033]133;"):
        assert session.run(f"printf '{half}'; (exit 6)").status == 6


def test_marks_with_the_nonce_end_a_step_and_no_more(session: ReadSession) -> None:
    """Whoever forges them deceives themselves: they never grade."""
    forge = (
        "nonce=${PS0##*k=}; nonce=${nonce%%\\\\*}; for shell in {1..500}; do "
        "printf '\\033]133;D;0;s=%s.1;t=1.%s;k=%s\\007' $shell $shell $nonce; done; echo al''l"
    )
    assert session.run(forge).end is End.ENTERED
    session.expect("all")
    assert len(session.shells) <= 100
    time.sleep(0.3)
    assert session.says("echo next") == "next"


def test_a_prompt_that_is_only_drawn_again_is_no_end(session: ReadSession) -> None:
    session.find_prompt()
    outcome = session.start("sleep 0.8; stty size; (exit 8)")
    for columns in range(100, 120):
        session.resize(Size(columns, 30))
        time.sleep(0.02)
    ended = outcome()
    assert ends(ended) == (End.EXITED, 8)
    assert isinstance(ended, Outcome)
    assert ended.output == "30 119"
    session.type("ls /et\t\t")  # a list of completions
    session.expect("ls /et")
    for columns in range(80, 100):
        session.resize(Size(columns, 24))
    assert session.says("stty size") == "24 99"


def test_the_readers_own_commands_are_no_part_of_a_step(session: ReadSession) -> None:
    session.find_prompt()
    session.type("sleep 0.5; echo mine; (exit 4)\r")
    outcome = session.run("echo $? step")
    assert outcome.output == "4 step"


# Several


def test_two_sessions_do_not_see_each_others_steps(shared_guest: GuestMachine) -> None:
    with contextlib.ExitStack() as undo:
        one, two = (ReadSession(shared_guest) for _ in range(2))
        undo.callback(one.end)
        undo.callback(two.end)
        slow = one.start("sleep 1; echo one; (exit 1)")
        one.expect("sleep")
        assert (two.says("echo two"), ends(two.run("bash"))) == ("two", (End.ENTERED, 0))
        tty = one.shells, two.says("tty")
        assert ends(slow()) == (End.EXITED, 1)
        assert len(tty[0]) == 1
        prompt = "printf '%s' \"${PS1@P}\""
        two.run("exit")
        outcome = one.start(f"sleep 0.5; (exit 2) > {tty[1]}")
        two.run(f"{prompt} > $(ls -t /dev/pts/[0-9]* | head -1); {prompt}; true")
        assert ends(outcome()) == (End.EXITED, 2)


def test_steps_of_two_threads_wait_for_each_other(session: ReadSession) -> None:
    outcomes = [session.start(f"sleep 0.2; echo {number}") for number in range(4)]
    ended = [outcome() for outcome in outcomes]
    assert [one.output for one in ended if isinstance(one, Outcome)] == ["0", "1", "2", "3"]
