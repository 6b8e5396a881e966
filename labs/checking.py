"""`labs check`: is a task done? A script's is answered by a fresh machine, this machine's own state by itself."""

from __future__ import annotations

import json
import os
import stat
import sys
import time

import checkers  # noqa: F401 - registers the checks
from checkers.here import context_here
from lablib.course.model import Task
from lablib.errors import MachineError, UsageError
from lablib.grading.report import Report
from lablib.grading.script import MAX_SCRIPT, SCRIPT_SECONDS, check_script
from lablib.i18n import CHECK_MESSAGES, catalogue
from lablib.machine.choose import check_choice, machine_factory
from lablib.verdict import REGISTRY, Verdict, overall
from labs import course, stderr
from labs.answering import run_answer
from labs.arguments import Arguments, seconds
from labs.elevating import sudo_if_agreed
from labs.exits import ExitCode
from labs.passing import note_passed

STANDARD_INPUT = "-"
EXITS = {Verdict.PASS: ExitCode.PASS, Verdict.FAIL: ExitCode.FAIL}


def run_check(arguments: Arguments, language: str) -> int:
    name = arguments.operands[0]
    if course.is_question(name):
        return run_answer(arguments, language)
    task = course.task(name)
    if arguments.has("--answer"):
        raise UsageError("answer-for-task", task=task.id)
    of_script = arguments.has("--script")
    report = _of_script(arguments, task, language) if of_script else _of_this_machine(arguments, task, language)
    checks, words = catalogue(language, CHECK_MESSAGES), catalogue(language)
    if arguments.has("--json"):
        print(json.dumps(report.as_json(checks), ensure_ascii=False))
    else:
        print("\n".join(report.lines(checks, words)))
        seconds = f"{report.seconds:.1f}"
        print(words.text(f"grading.summary-{report.verdict}", task=task.id, machine=report.machine, seconds=seconds))
    if of_script and report.verdict is Verdict.PASS:  # a self-check has no scene: `test` may never have been there
        note_passed(task.id, language)
    return EXITS.get(report.verdict, ExitCode.NOT_CHECKED)


def _of_script(arguments: Arguments, task: Task, language: str) -> Report:
    timeout, kind = seconds(arguments, SCRIPT_SECONDS), arguments.value("--on", "auto")
    check_choice(kind)
    script = read_script(arguments.value("--script", ""))
    name = os.path.basename(arguments.value("--script", ""))
    file = name if name in task.files else ""

    def measuring() -> None:
        stderr.warn("measuring", language, task=task.id)

    if kind == "qemu":
        stderr.warn("qemu-starts", language)
    with sudo_if_agreed(kind, language) as sudo:
        factory = machine_factory(kind, sudo=sudo)
        return check_script(task, script, factory, timeout, measuring, file=file)


def _of_this_machine(arguments: Arguments, task: Task, language: str) -> Report:
    for option in ("--on", "--timeout"):
        if arguments.has(option):
            raise UsageError("needs-script", option=option, task=task.id)
    began = time.monotonic()
    context = context_here(task.parameters)
    if context is None:
        raise MachineError("host-no-cgroup2")
    results = REGISTRY.run(task.id, context)
    stderr.warn("self-check", language, task=task.id)
    return Report(task.id, overall(results), results, "host", time.monotonic() - began)


def read_script(path: str) -> bytes:
    """The script at `path`, or standard input for `-`. Raises UsageError for what cannot be a script."""
    try:
        if path == STANDARD_INPUT:
            script = sys.stdin.buffer.read(MAX_SCRIPT + 1)
        else:
            # Neither a fifo nor a terminal may hold us up, so it is opened before it is judged, and without waiting.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise UsageError("script-not-a-file", path=path)
                script = file.read(MAX_SCRIPT + 1)
    except FileNotFoundError:
        raise UsageError("script-missing", path=path) from None
    except IsADirectoryError:
        raise UsageError("script-not-a-file", path=path) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise UsageError("script-unreadable", path=path, reason=getattr(error, "strerror", "") or str(error)) from error
    if len(script) > MAX_SCRIPT:
        raise UsageError("script-too-big", path=path, limit=MAX_SCRIPT >> 10)
    return script
