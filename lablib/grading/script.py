"""Grading a script: a fresh machine, the task's scene, the script in the student's world, everything stopped, checks.
Or a file of `~/lab` in its place, which is put there and not run.

No verdict is taken from the script's output or exit status. It may be hostile: each wait here is bounded, and a
machine that a script brings down is tried once more and then counts as a failure of the script.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.grading.report import Report
from lablib.machine.base import Completed, Machine
from lablib.machine.wire import WireError
from lablib.needs import blocking
from lablib.parameters import Values
from lablib.scene import knowing, set_scene
from lablib.session.transcript import plain
from lablib.verdict import Result, Verdict, overall

MAX_SCRIPT = 1 << 20
"""Bytes of a script."""
SCRIPT_SECONDS = 30.0
"""How long a script runs before its state is read all the same."""
SCRIPT_NAME = "script"
MAX_OUTPUT = 4096
"""Bytes kept of what it prints on each of its outputs, to be shown."""
_TRIES = 2


class _LostMachine(Exception):
    """The machine died, or stopped answering, while code of the student's could run."""


def check_script(
    task: Task,
    script: bytes,
    machine_factory: Callable[[], Machine],
    timeout: float = SCRIPT_SECONDS,
    measuring: Callable[[], None] = lambda: None,
    *,
    environment: Values | None = None,
    file: str = "",
) -> Report:
    """Grades `script` for `task` in a machine made for it; `measuring` is called before what takes minutes, which is
    done once for all machines that are alike (`lablib.measures`). Where it is to be the `file` of `~/lab`, it is put
    there and not run. `environment` is for scripts of ours, which have parameters there that a student's has in its
    text. Raises MachineError when there is none to be had, or when it fails before the script ran: that is never the
    student's loss."""
    began = time.monotonic()
    for _ in range(_TRIES):
        with machine_factory() as machine:
            _refuse_unsafe(machine)
            if blocked := blocking(machine, task):
                return Report(task.id, blocked.verdict, (blocked,), machine.kind, time.monotonic() - began)
            set_scene(machine, task, measuring)
            try:
                results, done = _try(machine, task, script, timeout, environment, file)
                break
            except _LostMachine as lost:
                results, done = (Result("machine", Verdict.FAIL, "grading.machine-lost", actual=str(lost)),), None
    seconds = time.monotonic() - began
    if done is None:
        return Report(task.id, overall(results), results, machine.kind, seconds)
    notes = () if done.status is not None else ("still-running",)
    shown = "\n".join(filter(None, (plain(done.out), plain(done.err))))
    return Report(task.id, overall(results), results, machine.kind, seconds, notes, shown)


def _try(
    machine: Machine, task: Task, script: bytes, timeout: float, environment: Values | None, file: str
) -> tuple[tuple[Result, ...], Completed]:
    try:
        path = f"{machine.capabilities.work_folder}/{file or SCRIPT_NAME}"
        machine.put(path, script, 0o755)
        done = Completed(0, b"", b"")
        if not file:
            done = machine.run(knowing([path], environment), timeout=timeout, limit=MAX_OUTPUT)
        stopped = machine.stop_processes()
        results = machine.check(task.id)
    except (MachineError, WireError, TimeoutError) as error:
        raise _LostMachine(str(error)) from error
    if not stopped:
        results += (Result("stopped", Verdict.FAIL, "grading.kept-forking"),)
    return results, done


def _refuse_unsafe(machine: Machine) -> None:
    if machine.capabilities.practice:
        raise MachineError("practice-only")
    if "unconfined" in machine.capabilities.warnings:
        raise MachineError("no-landlock")
