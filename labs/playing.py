"""`labs run`: every step of a chapter, played without the screen."""

from __future__ import annotations

import json
import time

from lablib.course.model import Chapter
from lablib.i18n import Catalogue, catalogue
from lablib.machine.base import Machine, Size
from lablib.machine.choose import check_choice, machine_factory
from lablib.machine.leftovers import sweep
from lablib.packages import missing_packages
from lablib.player import Played, perform
from lablib.session.recording import load_recording
from lablib.text import one_line, printable
from labs import course, stderr
from labs.arguments import Arguments
from labs.elevating import sudo_if_agreed
from labs.exits import ExitCode

SIZE = Size(80, 24)
"""Of the terminal that steps are played in; recordings are made with the same."""


def run_chapter(arguments: Arguments, language: str) -> int:
    if arguments.has("-i"):
        from labs.plainly import run_plainly

        return run_plainly(arguments, language)
    chapter = course.chapter(arguments.operands[0])
    kind = arguments.value("--on", "auto")
    check_choice(kind)
    words = catalogue(language)
    as_json = arguments.has("--json")
    sweep()
    if kind == "qemu":
        stderr.warn("qemu-starts", language)
    with sudo_if_agreed(kind, language) as sudo, machine_factory(kind, sudo=sudo)() as machine:
        for key in machine.capabilities.warnings:
            stderr.warn(key, language)
        began = time.monotonic()
        played = []
        recording = load_recording(chapter.folder, machine.kind) if not course.has_student() else None
        for one in perform(chapter, machine, SIZE, recording):
            played.append(one)
            if not as_json:
                print("\n".join(_lines(one, words)), flush=True)
        seconds = time.monotonic() - began
        if as_json:
            print(json.dumps(_value(chapter, machine, played, seconds, words), ensure_ascii=False))
        else:
            print(_summary(chapter, machine, played, seconds, words))
            if packages := _packages(chapter, played):
                print(words.text("play.remedy", packages=packages))
    return ExitCode.PASS if all(one.as_declared for one in played) else ExitCode.FAIL


def _packages(chapter: Chapter, played: list[Played]) -> str:
    """What of the chapter's is not installed, where a step lacked a program for it; a guest has this machine's."""
    if any(need.startswith("program:") for one in played for need in one.lacking):
        return " ".join(missing_packages(chapter.packages))
    return ""


def _lines(played: Played, words: Catalogue) -> list[str]:
    lines = [f"── {played.step.id}", *(f"$ {line}" for line in played.step.commands.strip("\n").split("\n"))]
    if played.outcome is not None and played.outcome.output:
        lines += printable(played.outcome.output).split("\n")
    return [*lines, *remarks(played, words), ""]


def remarks(played: Played, words: Catalogue) -> list[str]:
    """How the step behaved, in a line or more."""
    if played.lacking:
        return [f"… {words.text('play.lacking', needs=', '.join(played.lacking))}"]
    if played.as_declared:
        return [f"✓ {words.text('play.as-declared')}"]
    return [f"✗ {one_line(sentence)}" for sentence in _sentences(played, words)]


def _sentences(played: Played, words: Catalogue) -> list[str]:
    return [words.text(f"problem.{problem.key}", **problem.params) for problem in played.problems]


def _summary(chapter: Chapter, machine: Machine, played: list[Played], seconds: float, words: Catalogue) -> str:
    run = [one for one in played if one.outcome is not None or one.problems]
    here = machine.capabilities
    return words.text(
        "play.summary",
        chapter=chapter.id,
        good=sum(one.as_declared for one in run),
        run=len(run),
        lacking=len(played) - len(run),
        kind=here.kind,
        release=one_line(here.release),
        seconds=f"{seconds:.1f}",
    )


def _value(
    chapter: Chapter, machine: Machine, played: list[Played], seconds: float, words: Catalogue
) -> dict[str, object]:
    """The form that `labs run --json` prints."""
    here = machine.capabilities
    steps = [
        {
            "id": one.step.id,
            "state": "blocked" if one.lacking else "ok" if one.as_declared else "failed",
            "end": one.outcome.end if one.outcome else None,
            "status": one.outcome.status if one.outcome else None,
            "output": one.outcome.output if one.outcome else "",
            "problems": _sentences(one, words),
            "lacking": list(one.lacking),
            "seconds": round(one.outcome.seconds, 3) if one.outcome else 0.0,
            "scene_seconds": round(one.scene_seconds, 3),
        }
        for one in played
    ]
    return {
        "chapter": chapter.id,
        "machine": here.kind,
        "release": here.release,
        "steps": steps,
        "seconds": round(seconds, 3),
    }
