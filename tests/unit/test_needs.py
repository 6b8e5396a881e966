"""What a machine lacks, found by asking a shell of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import cast

from lablib.course.model import Task
from lablib.machine.base import Capabilities, Completed, Machine
from lablib.needs import blocking, lacked, lacking
from lablib.verdict import Verdict


class HereMachine:
    """Runs what it is asked to as this very machine does, and notes how often."""

    capabilities = Capabilities("guest", "6.1", "/root/lab", ("memory",), {"psi": True, "timens": False})

    def __init__(self, path: str = "/usr/bin:/bin") -> None:
        self.asked = 0
        self._path = path

    def run(self, argv: Sequence[str], *, timeout: float, limit: int) -> Completed:
        self.asked += 1
        done = subprocess.run(argv, capture_output=True, env={"PATH": self._path}, timeout=timeout, check=False)
        return Completed(done.returncode, done.stdout[:limit], done.stderr)


def found(machine: HereMachine, *needs: str) -> tuple[str, ...]:
    return lacking(cast(Machine, machine), needs)


def test_what_is_there_is_not_lacking_and_what_is_not_is_named_in_order() -> None:
    there = ("controller:memory", "program:sh", "feature:psi", "user:root")
    absent = ("program:no-such-one", "controller:cpu", "feature:timens", "user:no-such-one", "color:red")
    assert found(HereMachine(), *there, *absent) == absent


def test_all_programs_are_asked_for_at_once_and_none_where_none_is_needed() -> None:
    machine = HereMachine()
    assert found(machine, "program:sh", "program:ls", "program:-x", "program:a b") == ("program:-x", "program:a b")
    assert machine.asked == 1
    assert found(machine, "controller:memory") == ()
    assert machine.asked == 1


def test_where_the_asking_itself_fails_every_program_is_lacking() -> None:
    class Broken(HereMachine):
        def run(self, argv: Sequence[str], *, timeout: float, limit: int) -> Completed:
            return Completed(None, b"", b"")

    assert found(Broken(), "program:sh", "feature:psi") == ("program:sh",)


def test_what_blocks_a_task_can_be_read_from_its_result() -> None:
    task = Task("a/task", {}, 10, ("program:no-such-one", "controller:cpu"))
    result = blocking(cast(Machine, HereMachine()), task)
    assert result is not None
    assert result.verdict is Verdict.BLOCKED
    assert lacked([result]) == ("program:no-such-one", "controller:cpu")
    assert lacked([]) == ()
