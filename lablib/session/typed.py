"""What was typed at the prompts of a lab, and at which task: two files in `~/lab`, which outlive the machine with it.

    .typed     every bash's history, with the time of each command (bash(1), HISTFILE, HISTTIMEFORMAT)
    .turns     a line for each time that a task was begun or left: SECONDS begin|end TASK

Both are the student's own, and what is made of them is for the student to look through: nothing is graded by them.
Commands that are typed where `~/lab` is not, as below chroot(1), are not among them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lablib.machine.base import Machine

TYPED = ".typed"
TURNS = ".turns"
KEPT = 10_000
"""Commands that bash keeps of a history."""
BEGIN, END = "begin", "end"
_TIME = re.compile(r"#(\d{1,12})")
_TURN = re.compile(r"(\d{1,12}) (begin|end) ([a-z0-9-]+/[a-z0-9-]+)")
_NOTE_SECONDS = 5.0
_NOTE = 'printf "%s %s %s\\n" "$(date +%s)" "$1" "$2" >>"$0"'


def keeping(work_folder: str) -> dict[str, str]:
    """Environment that makes a bash, and those below it, keep their history in `work_folder`; each command is added by
    `APPEND` in PROMPT_COMMAND."""
    return {"HISTFILE": f"{work_folder}/{TYPED}", "HISTTIMEFORMAT": "", "HISTSIZE": str(KEPT)}


APPEND = "history -a 2>&-"
"""A builtin: no process is made for it. Where the file cannot be had it says nothing, also where there is no /dev."""


def note_turn(machine: Machine, what: str, task: str) -> None:
    """Notes that `task` was begun or left (BEGIN, END) just now. Raises MachineError."""
    path = f"{machine.capabilities.work_folder}/{TURNS}"
    machine.run(["/bin/sh", "-c", _NOTE, path, what, task], timeout=_NOTE_SECONDS, limit=0)


@dataclass(frozen=True)
class Command:
    """One entry of a history: what was typed and when, in seconds since the epoch."""

    time: int
    text: str


def commands(history: str) -> list[Command]:
    """The entries of a file as bash writes it, in the order they were typed: a line with the time before each."""
    found: list[Command] = []
    time = 0
    lines: list[str] = []
    for line in [*history.split("\n"), "#0"]:
        if match := _TIME.fullmatch(line):
            if text := "\n".join(lines).strip("\n"):
                found.append(Command(time, text))
            time, lines = int(match[1]), []
        else:
            lines.append(line)
    return sorted(found, key=lambda one: one.time)


def scripts(history: str, turns: str) -> dict[str, str]:
    """By task, what was typed the last time it was begun and anything was: until it was left or another begun."""
    typed, found = commands(history), {}
    marks = [(int(match[1]), match[2], match[3]) for line in turns.split("\n") if (match := _TURN.fullmatch(line))]
    for number, (begun, what, task) in enumerate(marks):
        if what == BEGIN:
            over = (time for time, other, of in marks[number + 1 :] if other == BEGIN or of == task)
            until = next(over, None)
            texts = [one.text for one in typed if begun <= one.time and (until is None or one.time < until)]
            if texts:
                found[task] = "\n".join(texts) + "\n"
    return found
