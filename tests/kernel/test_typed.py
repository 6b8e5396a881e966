"""What real bashes leave of what was typed in them."""

from __future__ import annotations

from lablib.machine.guest import GuestMachine
from lablib.session.typed import BEGIN, END, TURNS, TYPED, commands, note_turn, scripts
from tests.guests import sh
from tests.sessions import ReadSession


def texts(machine: GuestMachine) -> list[str]:
    return [one.text for one in commands(kept(machine, TYPED))]


def kept(machine: GuestMachine, name: str) -> str:
    return sh(machine, f"cat /root/lab/{name}").removesuffix("status=0")


def test_commands_are_kept_as_they_are_typed_also_those_of_shells_below(
    shared_guest: GuestMachine, session: ReadSession
) -> None:
    sh(shared_guest, f"rm -f /root/lab/{TYPED}")
    session.run("echo one")
    session.run("for x in a b; do\n  echo $x\ndone")
    # A shell adds a command once it has ended, with the second in which it was typed: the shell below must be later.
    session.run("unshare --uts sh -c 'sleep 1.1; exec bash'")
    session.run("hostname box")
    session.run("exit")
    session.run("true | false")
    assert session.run("echo ${PIPESTATUS[*]} $?").output == "0 1 1", (
        "keeping it changes nothing the reader can ask for"
    )
    found = texts(shared_guest)
    assert found[0] == "echo one"
    assert "echo $x" in found[1]
    assert found[2:6] == ["unshare --uts sh -c 'sleep 1.1; exec bash'", "hostname box", "exit", "true | false"]


def test_where_it_cannot_be_kept_nothing_is_said(shared_guest: GuestMachine, session: ReadSession) -> None:
    session.run("export HISTFILE=/proc/none; cd /")
    assert session.run("echo quiet").output == "quiet"
    assert session.run("echo again").output == "again"


def test_a_tasks_script_is_what_was_typed_while_it_was_at_hand(
    shared_guest: GuestMachine, session: ReadSession
) -> None:
    sh(shared_guest, f"rm -f /root/lab/{TYPED} /root/lab/{TURNS}")
    session.run("echo before; sleep 1.1")
    note_turn(shared_guest, BEGIN, "cgroups/move-sleep")
    session.run("echo solved; sleep 1.1")
    note_turn(shared_guest, END, "cgroups/move-sleep")
    session.run("echo after")
    found = scripts(kept(shared_guest, TYPED), kept(shared_guest, TURNS))
    assert found == {"cgroups/move-sleep": "echo solved; sleep 1.1\n"}
