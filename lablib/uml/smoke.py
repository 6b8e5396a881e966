"""Whether a kernel is fit for the labs: it boots, and grading tells right from wrong on it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import checkers  # noqa: F401 - registers the checks
from lablib.course.index import chapter_folders
from lablib.course.model import Task
from lablib.course.structure import bare_task, read_structures
from lablib.errors import MachineError
from lablib.grading.script import check_script
from lablib.machine.guest import GuestMachine
from lablib.machine.kernels import Kernel
from lablib.machine.probing import Probe, probe
from lablib.verdict import Verdict

_NOTHING = b"#!/bin/sh\n"


def faults(kernel: Kernel, content: Path) -> tuple[Probe, str]:
    """What booting it showed, and what is wrong with it; empty where nothing is. For each chapter of `content` its
    first task is graded, without a solution and with one. Raises ContentError."""
    found = probe(kernel)
    if not found.boots:
        return found, found.said or "…"
    try:
        for task in _tasks(content):
            for script, expected in ((_NOTHING, Verdict.FAIL), (task.solutions[0].read_bytes(), Verdict.PASS)):
                verdict = check_script(task, script, lambda: GuestMachine(kernel)).verdict
                if verdict is not expected:
                    return found, f"{task.id}: {verdict}, {expected}?"
    except MachineError as error:
        if error.key == "no-landlock":
            return found, ""  # nothing can be graded here, whatever the kernel
        return found, error.params.get("reason", error.key)
    return found, ""


def _tasks(content: Path) -> Iterator[Task]:
    """The first task of each chapter that has a solution."""
    for structure in read_structures(Path(folder) for folder in chapter_folders(str(content))):
        tasks = (bare_task(structure.folder, task) for task in structure.tasks)
        yield from islice((task for task in tasks if task.solutions), 1)
