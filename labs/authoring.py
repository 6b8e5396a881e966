"""`labs dev`: for those who write chapters."""

from __future__ import annotations

import datetime
from difflib import unified_diff

from lablib.errors import LabsError, UsageError
from lablib.i18n import catalogue
from lablib.machine.base import Machine
from lablib.machine.choose import machine_factory
from lablib.player import Played, perform
from lablib.session.recording import Recorded, Recording, load_recording, recording_file, save_recording
from lablib.text import one_line, printable
from labs import course
from labs.arguments import GLOBAL_OPTIONS, Arguments, nearest
from labs.exits import ExitCode
from labs.playing import SIZE, remarks

ACTIONS = {
    "check": ("--on", "--json"),
    "new": (),
    "record": ("--on",),
    "minimize": ("--action", "--exact", "--format", "--timeout", "--json"),
}
"""What can be done, and with which options."""


def run_dev(arguments: Arguments, language: str) -> int:
    action, *operands = arguments.operands
    if action not in ACTIONS:
        raise UsageError("unknown-action", name=action, hint=nearest(action, ACTIONS))
    for option in arguments.options:
        if option not in GLOBAL_OPTIONS and option not in ACTIONS[action]:
            raise UsageError("action-option", option=option, command=f"labs dev {action}", help="labs dev")
    if action == "minimize":
        from labs.minimizing import run_minimize

        return run_minimize(operands, arguments, language)
    if len(operands) > 1:
        raise UsageError("too-many-operands", operand=operands[1], command=f"labs dev {action}")
    name = next(iter(operands), "")
    if action == "check":
        from labs.proving import run_check

        return run_check(name, arguments, language)
    if not name:
        raise UsageError("missing-operand", command=f"labs dev {action}", operand="CHAPTER")
    if action == "new":
        from labs.scaffolding import run_new

        return run_new(name, language)
    return _record(name, arguments.value("--on", "auto"), language)


def _record(name: str, on: str, language: str) -> int:
    """Plays the chapter, as it is for nobody in particular, and keeps what its steps did, if each behaves as it
    declares."""
    from lablib.course.parser import load_chapter

    chapter, words = load_chapter(course.structure(name).folder), catalogue(language)
    with machine_factory(on)() as machine:
        played = list(perform(chapter, machine, SIZE))
        wrong = [one for one in played if not one.as_declared]
        for one in wrong:
            print("\n".join([one.step.id, *remarks(one, words)]))
        if wrong:
            return ExitCode.FAIL
        path = recording_file(chapter.folder, machine.kind)
        before = load_recording(chapter.folder, machine.kind)
        try:
            save_recording(chapter.folder, now := _recording(machine, played))
        except OSError as error:
            raise LabsError("not-recorded", path=str(path), reason=error.strerror or str(error)) from error
        print("\n".join(_changes(before, now)) or words.text("dev.unchanged"))
        print(words.text("dev.recorded", path=str(path)))
    return ExitCode.PASS


def _changes(before: Recording | None, now: Recording) -> list[str]:
    """What differs in the outputs of the steps, as diff(1) shows it."""
    steps = dict.fromkeys([*(before.steps if before else ()), *now.steps])
    return [
        printable(line)
        for step in steps
        for line in unified_diff(_text(before, step), _text(now, step), step, step, n=1, lineterm="")
    ]


def _text(recording: Recording | None, step: str) -> list[str]:
    recorded = recording.steps.get(step) if recording else None
    return recorded.output.splitlines() if recorded else []


def _recording(machine: Machine, played: list[Played]) -> Recording:
    here = machine.capabilities
    steps = {
        one.step.id: Recorded(one.outcome.end, one.outcome.status, one.outcome.output, one.outcome.pauses)
        for one in played
        if one.outcome
    }
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Recording(here.kind, here.release, _distribution(machine), today, SIZE.columns, steps)


def _distribution(machine: Machine) -> str:
    """PRETTY_NAME of os-release(5)."""
    asked = ["/bin/sh", "-c", '. /etc/os-release && printf %s "$PRETTY_NAME"']
    return one_line(machine.run(asked, timeout=10, limit=200).out.decode(errors="replace"))
