"""The lesson: prose beside a shell of the machine, steps that run in it, and a card per task that is graded while the
student types."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lablib.course.index import ChapterEntry
    from lablib.course.model import Chapter
    from lablib.machine.base import Machine
    from lablib.session.cast import Cast
    from tui.lesson.state import Place, Progress
    from tui.map.places import MapPlace


def run_lesson(
    entry: ChapterEntry,
    load: Callable[[], Chapter],
    machine_factory: Callable[[], Machine],
    language: str,
    progress: Progress,
    place: Place,
    start: str = "",
    *,
    attachable: bool = True,
    course_map: Callable[[str], tuple[Sequence[MapPlace], int]] | None = None,
    cast: Cast | None = None,
    errand: Callable[[], None] | None = None,
) -> tuple[int, str]:
    """Shows the lesson of the chapter `entry`, which `load` reads, from the item `start` (or where the student was)
    until they quit. Returns the exit code: 0, 3 when no machine could be had, 128 plus the number of a signal that
    ended it; and the chapter or the item of another one that they want to go to, chosen from the map that `course_map`
    tells in a language, empty for none. Raises what `load` raises. The machine is closed whatever happens. Where it is
    `attachable`, other terminals can attach to it. What its shell shows goes into `cast`, if there is one.
    An `errand` is done while the reader reads: trouble with it is said and keeps nobody from the lesson.
    """
    from tui.lesson.app import LessonApp

    app = LessonApp(entry, load, machine_factory, language, progress, place, start, attachable=attachable)
    app.course_map, app.cast = course_map, cast

    def once_shown() -> None:
        gc.freeze()  # all this stays: looking through it again and again would keep keys waiting
        gc.enable()
        if errand is not None:
            errand()

    app.errand = once_shown
    try:
        app.run()
    finally:
        app.close_now()
        gc.unfreeze()  # the app, which froze it, was all that stayed
        gc.enable()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0, app.wanted
