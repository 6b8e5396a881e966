"""`labs run -i`: the lesson line by line, without a screen."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import closing

from lablib.attach.server import ControlSocket
from lablib.attach.sockets import running_labs
from lablib.errors import LabsError
from lablib.place import Place
from lablib.player import Player
from lablib.progress import Progress
from lablib.session.session import Session
from labs import course, starting
from labs.arguments import Arguments
from labs.playing import SIZE


def run_plainly(arguments: Arguments, language: str) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabsError("no-terminal")
    progress, place = Progress(), Place()
    name = arguments.operands[0]
    chapter = course.chapter(name.partition("/")[0])
    start = course.item(name) if "/" in name else ""
    try:
        from tui.lesson.words import Words
        from tui.plain.console import plain_console
        from tui.plain.lesson import PlainLesson
    except ModuleNotFoundError as error:
        raise LabsError("needs-module", module=error.name or "") from error
    with starting.claimed_work(chapter.id, language) as work:
        kind = arguments.value("--on", "") or starting.chosen_machine(place, language)
        with starting.machines_of(kind, work, language) as machines, machines() as machine:
            session = Session(machine, SIZE)
            threading.Thread(target=session.drain, name="session", daemon=True).start()
            # As any lesson it lets other terminals in, and this one is the first of them.
            with closing(session), closing(ControlSocket(chapter.id, machine.shell, _no_reset)) as socket:
                socket.open()
                player = Player(chapter, machine, session)
                lesson = PlainLesson(chapter, machine, player, (progress, place), Words(language))
                lesson.run(plain_console(), input, _attach, start)
            machine.save_work()
    return 0


def _attach() -> None:
    """This terminal is the machine's until the shell has ended."""
    from lablib.attach.terminal import attach

    attach(next(lab for lab in running_labs() if lab.pid == os.getpid()))


def _no_reset() -> float:
    raise LabsError("plain-no-reset")
