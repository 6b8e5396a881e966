"""`labs` without a command: the course map. On a terminal one goes from there to a lesson; elsewhere it is a list."""

from __future__ import annotations

import os
import sys

from labs import course, stderr
from labs.arguments import Arguments
from labs.listing import print_map

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lablib.place import Place
    from lablib.progress import Progress
    from tui.map.places import MapPlace


def run_map(arguments: Arguments, language: str) -> int:
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if not terminal:
        return print_map(language)
    if sys.flags.no_site:
        import site

        site.main()  # `./lab` starts Python without it; see there
    try:
        from tui.map.app import MapApp
    except ModuleNotFoundError:
        return print_map(language)  # what the lesson needs is not installed yet
    from lablib.place import Place
    from lablib.progress import Progress

    progress, place = Progress(), Place()
    for problem in filter(None, (progress.problem, place.problem)):
        stderr.report(problem, language)
    places, begin = places_of(progress, place)(language)
    chosen = MapApp(places, begin, language, place.theme).run()
    if not chosen:
        return 0
    from labs.starting import run_start

    return run_start(Arguments("start", {}, (chosen,)), language)


def places_of(progress: Progress, place: Place) -> Callable[[str], tuple[list[MapPlace], int]]:
    """What asks for the map as it is then, in a language: its rows, and the one to begin at."""

    def ask(language: str) -> tuple[list[MapPlace], int]:
        from tui.map.places import map_places, resumed

        rows = list(map_places(course.entries(), progress, course.lacking(), language))
        return rows, resumed(rows, place.last, place.at(place.last))

    return ask
