"""An attack: what somebody hands in, and what it must not get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.cli.cohorts import TASK, hand_in


class Wanted(StrEnum):
    """What an attack is after."""

    PASS = "a pass that was not earned"
    READ = "a file or a secret of the grader's machine"
    WRITE = "a change on the grader's machine"
    OTHERS = "another student's result"
    TIME = "the grader's time or memory"
    STAY = "a process or a mount that outlives its grading"
    READER = "whoever reads the reports"


@dataclass(frozen=True)
class Place:
    """What there is to aim at on the grader's machine."""

    secret: Path
    """A file of the grader's own with SECRET in it."""
    target: Path
    """A file that must stay as it is."""
    submissions: Path
    port: int
    """Where a server of the grader's listens on 127.0.0.1."""


SECRET = "b5c1f0e7-of-the-grader"
BEGAN = "began"
"""What every script prints first: none is to be thought harmless because it never ran."""
HONEST = "honest"
"""The submission of a student who solved the task."""


@dataclass(frozen=True)
class Attack:
    """A submission called `name`, which `make` puts among the others."""

    name: str
    wants: Wanted
    make: Callable[[str, Place], None]
    runs: bool = True
    """Whether it has a script that comes to run."""
    may_end_machine: bool = False
    """Whether its machine may go down with it."""
    told: str = ""
    """What the reason given must have in it."""
    faults: bool = False
    """Whether it is refused whole."""


def scripted(name: str, wants: Wanted, text: str, *, shell: str = "/bin/bash", ends: bool = False) -> Attack:
    """An attack by a script of the task; @secret@, @target@, @submissions@ and @port@ in it stand for the grader's."""

    def make(name: str, place: Place) -> None:
        filled = text
        for word in ("secret", "target", "submissions", "port"):
            filled = filled.replace(f"@{word}@", str(getattr(place, word)))
        begin = f"print('{BEGAN}', flush=True)" if "python" in shell else f"echo {BEGAN}"
        hand_in(place.submissions, name, f"#!{shell}\n{begin}\n{filled}\n".encode(), f"{TASK}.x")

    return Attack(name, wants, make, may_end_machine=ends)
