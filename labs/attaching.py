"""`labs shell` and `labs reset`: another terminal and the lesson that runs."""

from __future__ import annotations

import sys

from lablib.attach.sockets import RunningLab, running_labs
from lablib.errors import LabsError, UsageError
from lablib.i18n import catalogue
from labs import course
from labs.arguments import Arguments, nearest
from labs.exits import ExitCode


def run_shell(arguments: Arguments, language: str) -> int:
    from lablib.attach.terminal import attach

    lab = _running(arguments)
    if lab is None:
        raise LabsError("no-lab-runs", start=" ".join(("labs start", *arguments.operands)))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabsError("shell-no-terminal")
    return attach(lab)


def run_reset(arguments: Arguments, language: str) -> int:
    from lablib.attach.client import ask_reset

    words = catalogue(language)
    lab = _running(arguments)
    if lab is None:
        print(words.text("reset.nothing"))
    else:
        print(words.text("reset.done", chapter=lab.chapter, seconds=f"{ask_reset(lab):.1f}"))
    return ExitCode.PASS


def _running(arguments: Arguments) -> RunningLab | None:
    """The lab that runs, or that of the chapter given. Raises UsageError when that leaves a choice."""
    chapter = arguments.operands[0] if arguments.operands else ""
    known = course.chapter_ids()
    if chapter and chapter not in known:
        raise UsageError("unknown-chapter", name=chapter, hint=nearest(chapter, known))
    labs = running_labs(chapter)
    running = sorted({lab.chapter for lab in labs})
    if len(running) > 1:
        raise UsageError("which-lab", running=", ".join(running), command=f"labs {arguments.command}", one=running[0])
    return labs[-1] if labs else None
