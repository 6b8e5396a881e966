"""`labs read`: a chapter with what its steps once printed. It runs nothing and needs no privilege."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from lablib.errors import LabsError
from lablib.progress import Progress
from labs import course, stderr
from labs.arguments import Arguments

PAGER = "less"
LESS = "FRX"
"""Options of less(1) for those who set none: end where all of it fits, obey colours only, leave the text there."""


def run_read(arguments: Arguments, language: str) -> int:
    """On a terminal through the reader's pager, as man(1) does it; anywhere else as plain text."""
    chapter = course.chapter(arguments.operands[0])
    try:
        from tui.lesson.words import Words
        from tui.plain.console import plain_console
        from tui.plain.reading import chapter_page
    except ModuleNotFoundError as error:
        raise LabsError("needs-module", module=error.name or "") from error
    from lablib.session.recording import any_recording

    progress = Progress()
    if progress.problem:
        stderr.report(progress.problem, language)
    console = plain_console()
    paged = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    with console.capture() as page:
        for part in chapter_page(chapter, any_recording(chapter.folder), progress, Words(language)):
            console.print(part)
    text = "".join(f"{line.rstrip()}\n" for line in page.get().splitlines())
    if not (paged and _page(text)):
        sys.stdout.write(text)
    return 0


def _page(text: str) -> bool:
    """Shows `text` in $PAGER; whether there is such a program. One that ends before it has read all is right."""
    argv = shlex.split(os.environ.get("PAGER", "")) or [PAGER]
    environment = {"LESS": LESS, "LESSCHARSET": "utf-8"} | os.environ
    try:
        pager = subprocess.Popen(argv, stdin=subprocess.PIPE, env=environment)
    except OSError:
        return False
    while True:
        try:
            pager.communicate(text.encode("utf-8", "replace"))
            return True
        except KeyboardInterrupt:  # is the pager's own key
            continue
