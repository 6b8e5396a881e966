"""The course map by itself: what `labs` shows on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tui.lesson.looks import Looks
from tui.lesson.words import Words
from tui.map.places import MapPlace
from tui.map.screen import CourseMap


class MapApp(Looks[str]):
    """Ends with the id of what was chosen; empty or None for nothing."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, places: Sequence[MapPlace], begin: int, language: str, theme: str = "") -> None:
        super().__init__()
        self.wear(theme)
        self._map = CourseMap(places, begin, Words(language))

    def on_mount(self) -> None:
        self.push_screen(self._map, self.exit)
