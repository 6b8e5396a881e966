"""What can be done and where it is listed: which keys work now, help, the course map, and the palette."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.screen import ModalScreen

from tui.lesson.help import Help, topic_of
from tui.lesson.panes import Panes
from tui.lesson.phase import Phase
from tui.lesson.status_bar import Focus

if TYPE_CHECKING:
    from textual.theme import Theme

    from tui.lesson.commands import Command
    from tui.lesson.palette import Palette
    from tui.map.places import MapPlace

Tell = Callable[[str], tuple[Sequence["MapPlace"], int]]
"""What tells the map of the course in a language: its rows, and the one to begin at."""


class Menus(Panes):
    """The part of the lesson that leads from a list to what stands in it."""

    phase: Phase
    course_map: Tell | None = None
    """Where there is one."""
    keep_theme: Callable[[str], None]
    """Keeps the colours that are chosen for the next lesson: `dark` or `light`."""

    @property
    def readable(self) -> bool:
        raise NotImplementedError

    async def go_to(self, id: str) -> None:
        """Goes to the chapter, or the task or question, called `id`: to another chapter by leaving for it."""
        raise NotImplementedError

    def commands(self) -> Iterator[Command]:
        """All that can be done now."""
        raise NotImplementedError

    async def use_theme(self, theme: Theme) -> None:
        await super().use_theme(theme)
        self.backstage.note(partial(self.keep_theme, "dark" if theme.dark else "light"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A program that has the whole screen wants every key but the one that leaves it; the shell, the F-keys not."""
        if self.phase is Phase.CLOSING or action == "toggle_terminal":
            return action in ("leave", "toggle_terminal")
        if action == "palette":  # its keys are no priority ones: a shell has them all the same
            return not isinstance(self.screen, ModalScreen)
        if self.focus_is is Focus.PROGRAM or (self.focus_is is Focus.SHELL and action == "leave"):
            return False
        if action in ("help", "leave") or (action == "go_on" and not self.readable):
            return True
        return self.readable and not isinstance(self.screen, ModalScreen)

    def on_reading_read(self) -> None:
        self.show_status()

    def action_help(self) -> None:
        if isinstance(self.screen, Help):
            self.pop_screen()
        else:
            self.push_screen(Help(self._words, topic_of(self.screen)))

    # -- the map

    def action_map(self) -> None:
        if self.course_map is not None:
            self.run_worker(self._ask_map(self.course_map), exclusive=True)

    async def _ask_map(self, tell: Tell) -> None:
        from tui.map.screen import CourseMap  # not before it is asked for

        places, begin = await asyncio.to_thread(tell, self._words.language)
        chosen = await self.push_screen_wait(CourseMap(places, begin, self._words))
        await self.go_to(chosen or "")

    # -- the palette

    def action_palette(self) -> None:
        from tui.lesson.palette import Palette  # not before it is asked for

        palette = Palette(self.commands(), self._words)
        self.push_screen(palette, self._choose)
        if self.course_map is not None:
            self.run_worker(self._add_chapters(palette, self.course_map), group="palette", exclusive=True)

    def _choose(self, command: Command | None) -> None:
        if command is not None:
            self.call_next(command.act)

    async def _add_chapters(self, palette: Palette, tell: Tell) -> None:
        """What takes a moment to be known comes below the rest."""
        from tui.lesson.commands import named

        places, _ = await asyncio.to_thread(tell, self._words.language)
        palette.add(
            named(self._words, "do_chapter", partial(self.go_to, place.id), number=place.number, title=place.title)
            for place in places
            if place.number and place.id != self.chapter_id
        )
