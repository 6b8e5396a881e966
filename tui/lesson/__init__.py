"""The lesson: prose beside a shell of the machine, steps that run in it, and a card per task that is graded while the
student types."""

from __future__ import annotations

from collections.abc import Callable

from lablib.course.model import Chapter
from lablib.machine.base import Machine
from tui.lesson.state import Place, Progress

__all__ = ["Place", "Progress", "run_lesson"]


def run_lesson(
    chapter: Chapter,
    machine_factory: Callable[[], Machine],
    language: str,
    progress: Progress,
    place: Place,
    start: str = "",
) -> int:
    """Shows the lesson from the item `start` (or where the student was) until they quit. Returns the exit code: 0, 3
    when no machine could be had, 128 plus the number of a signal that ended it. The machine is closed whatever happens.
    Other terminals can attach to it.
    """
    from tui.lesson.app import LessonApp

    app = LessonApp(chapter, machine_factory, language, progress, place, start)
    app.backstage.offer(chapter.id)
    try:
        app.run()
    finally:
        app.backstage.close_now()
    return app.return_code or 0
