"""`labs start`: the lesson of a chapter, in a terminal."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache, partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from lablib.errors import LabsError, MachineError
from lablib.place import Place
from lablib.progress import Progress
from lablib.state import ProgressError
from labs import course, stderr
from labs.arguments import Arguments
from labs.mapping import places_of

if TYPE_CHECKING:
    from lablib.course.model import Chapter
    from lablib.machine.base import Machine
    from lablib.session.cast import Cast

REPLAY = "replay"
"""What --on says for a recording in place of a machine: `lablib.session.replay`."""
SWITCH_SECONDS = 0.0005
"""Between two threads that compute. Python's own is ten times as long, and what a machine says would wait that long, at
each step on its way, for a chapter that is being read."""


def run_start(arguments: Arguments, language: str) -> int:
    """A lesson, and then the one that the reader goes to from its map."""
    name, on = next(iter(arguments.operands), ""), arguments.value("--on", "")
    with _cast(arguments.value("--record", "")) as cast:
        while True:
            status, name = _lesson(name, on, language, cast)
            if cast is not None and cast.failure is not None:
                stderr.report(cast.failure, language)
            if not name:
                return status


@contextmanager
def _cast(path: str) -> Iterator[Cast | None]:
    """What keeps the lesson in the file `path`; None for no path. Raises LabsError."""
    if not path:
        yield None
        return
    from lablib.session.cast import Cast

    with Cast(path, "Container Labs") as cast:
        yield cast


def _lesson(name: str, on: str, language: str, cast: Cast | None) -> tuple[int, str]:
    """The lesson called `name`; its exit status, and the one to go to."""
    from lablib.machine.choose import CHOICES, check_choice

    progress, place = Progress(), Place()
    name = name or _where_to_go_on(progress, place)
    chapter = course.entry(name.partition("/")[0])
    start = course.item(name) if "/" in name else ""
    check_choice(on or "auto", (*CHOICES, REPLAY))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabsError("no-terminal")
    if os.environ.get("TERM", "dumb") == "dumb":
        raise LabsError("dumb-terminal", chapter=chapter.id)
    for problem in filter(None, (progress.problem, place.problem)):
        stderr.report(problem, language)
    sys.setswitchinterval(SWITCH_SECONDS)
    read = cache(partial(course.chapter, chapter.id))
    more = {"course_map": places_of(progress, place), "cast": cast, "errand": _sweep}
    if on == REPLAY:
        show, factory = _import_screen(), partial(_recording, read, language)
        return show(chapter, read, factory, language, progress, place, start, attachable=False, **more)
    with claimed_work(chapter.id, language) as work:
        kind = on or chosen_machine(place, language)
        with only_said(language):
            place.remember(chapter.id)
        with machines_of(kind, work, language) as machines:
            return _import_screen()(chapter, read, machines, language, progress, place, start, **more)


def _recording(load: Callable[[], Chapter], language: str) -> Machine:
    """The chapter that `load` reads as it was recorded, in place of a machine. Raises LabsError."""
    from lablib.session.recording import any_recording
    from lablib.session.replay import ReplayMachine

    chapter = load()
    recording = any_recording(chapter.folder)
    if recording is None:
        raise LabsError("no-recording", chapter=chapter.id)
    return ReplayMachine(chapter, recording, language)


@contextmanager
def machines_of(kind: str, work: Path | None, language: str) -> Iterator[Callable[[], Machine]]:
    """What makes the lesson's machines; the first guest boots while the screen is imported. It is begun here and not in
    a thread, which would wait for our imports at each call of its own; but not where its kernel, or KVM, must be
    tried first, which takes longer than the screen does."""
    from lablib.machine.ahead import Ahead
    from lablib.machine.choose import guest_factory, machine_factory, nothing_to_try

    if kind == "host":
        from labs.elevating import sudo_if_agreed

        with sudo_if_agreed(kind, language) as sudo:
            yield machine_factory(kind, work, sudo=sudo)
        return
    with closing(Ahead(guest_factory(work, practice=True, on=kind))) as machines:
        if nothing_to_try(kind):
            machines.begin()
        else:
            Thread(target=machines.begin, name="machine-ahead").start()
        yield machines


def _sweep() -> None:
    """What a lab before left behind, when it was cut off, goes now."""
    from lablib.machine.leftovers import sweep

    sweep()


def _import_screen() -> Callable[..., tuple[int, str]]:
    """`run_lesson`, with all that it imports before its first paint. Raises LabsError where a module is missing."""
    gc.disable()  # until the chapter is shown: nothing that comes in is garbage, and looking for it takes a tenth
    try:
        import tui.lesson.app  # noqa: F401 - here, and not in the middle of a lesson
        from tui.lesson import run_lesson
    except ModuleNotFoundError as error:
        raise LabsError("needs-module", module=error.name or "") from error
    return run_lesson


def _where_to_go_on(progress: Progress, place: Place) -> str:
    """The chapter that was started last; before the first, or when it is no more, the first with an open task."""
    return place.last if place.last in course.chapter_ids() else course.next_chapter(progress)


def chosen_machine(place: Place, language: str) -> str:
    """Asks once, where there is something to ask."""
    from lablib.machine.choose import KINDS, both_make_sense

    if not both_make_sense():
        return KINDS[0]
    if place.machine in KINDS:
        return place.machine
    kind = _ask_machine(KINDS, language)
    with only_said(language):
        place.choose_machine(kind)
    return kind


def _ask_machine(kinds: tuple[str, ...], language: str) -> str:
    """One of `kinds`, the first if the answer is empty."""
    from lablib.i18n import catalogue

    words = catalogue(language)
    print(words.text("first-start.question"))
    while True:
        try:
            answer = input(words.text("first-start.prompt")).strip()
        except EOFError:
            raise KeyboardInterrupt from None  # ctrl+d: they would rather not start
        for number, kind in enumerate(kinds, 1):
            if answer in ("", str(number), kind):
                return kind


@contextmanager
def claimed_work(chapter: str, language: str) -> Iterator[Path | None]:
    """What `~/lab` is kept as, for this lesson alone; None where it cannot be kept. Raises LabsError when a lesson of
    the chapter runs already."""
    from lablib.machine.claim import claimed

    with ExitStack() as claims:
        work = None
        try:
            work = claims.enter_context(claimed(chapter)) / chapter
        except MachineError as error:
            stderr.report(error, language)
        yield work


@contextmanager
def only_said(language: str) -> Iterator[None]:
    """What cannot be noted keeps nobody from a lesson."""
    try:
        yield
    except ProgressError as error:
        stderr.report(error, language)
