"""The lesson's screen as a whole: fills its frame, hears of the machine, and turns keys into acts of the guide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from lablib.errors import LabsError
from tui.lesson.menus import Menus
from tui.lesson.phase import Phase
from tui.lesson.signals import Signals
from tui.lesson.status_bar import StatusBar
from tui.lesson.words import Words
from tui.terminal import engines
from tui.terminal.widget import Terminal
from tui.threads import start

if TYPE_CHECKING:
    # What reads Markdown and starts machines takes as long to import as all the rest: it comes after the first paint.
    from lablib.course.index import ChapterEntry
    from lablib.course.model import Chapter
    from lablib.machine.base import Capabilities, Machine
    from lablib.session.cast import Cast
    from tui.lesson import news
    from tui.lesson.backstage import Backstage
    from tui.lesson.blocks import Chosen, QuestionBlock
    from tui.lesson.commands import Command
    from tui.lesson.guide import Guide
    from tui.lesson.page import Page
    from tui.lesson.state import Place, Progress

SURE_SECONDS = 4.0
"""Within which a reset is asked for once more."""
NO_MACHINE = 3
"""Exit code: nothing could be checked."""


class LessonApp(Menus):
    """One chapter on one machine. Painted before the machine is asked for, and before the terminal's engine is read."""

    # With priority, so that they work from the shell too (`check_action`).
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", priority=True),
        Binding("f2", "go_on", priority=True),
        Binding("f3", "hint", priority=True),
        Binding("f4", "card", priority=True),
        Binding("f5", "again", priority=True),
        Binding("f6", "move(-1)", priority=True),
        Binding("f7", "move(1)", priority=True),
        Binding("f9", "reset", priority=True),
        Binding("f10", "map", priority=True),
        Binding("ctrl+right_square_bracket", "toggle_terminal", priority=True),
        Binding("ctrl+q", "leave", priority=True),
        Binding("colon,ctrl+p", "palette"),
    ]

    def __init__(
        self,
        entry: ChapterEntry,
        load: Callable[[], Chapter],
        machine_factory: Callable[[], Machine],
        language: str,
        progress: Progress,
        place: Place,
        start: str = "",
        *,
        attachable: bool = True,
    ) -> None:
        super().__init__(f"{entry.number} · {entry.title[language]}", Words(language))
        self._entry = entry
        self.chapter_id = entry.id
        self._load = load
        self._machine_factory = machine_factory
        self._kept = progress, place, start
        self.keep_theme = place.choose_theme
        self.wear(place.theme)
        self._attachable = attachable
        self.cast: Cast | None = None
        """Where what the shell shows is kept, if it is."""
        self.errand: Callable[[], None] | None = None
        """What else is to be done, once the chapter is shown."""
        self.wanted = ""
        """The chapter, or the item of another one, that the reader wants to go to."""
        self.phase = Phase.BOOTING
        self.failure: Exception | None = None
        """Why there is no lesson, where the chapter cannot be read."""
        self._backstage: Backstage | None = None
        self._guide: Guide | None = None
        self._page: Page | None = None
        self._machine: Capabilities | None = None
        self.could_be_quicker = False
        self._going_on = False
        self._began = monotonic()
        self._exit_code = 0
        self._last_words = ""
        self._reset_asked = 0.0

    @property
    def readable(self) -> bool:
        """Whether the chapter is read and shown."""
        return self._page is not None and self._page.is_open

    @property
    def guide(self) -> Guide:
        """There once the chapter is readable."""
        assert self._guide is not None
        return self._guide

    @property
    def page(self) -> Page:
        """There once the chapter is readable."""
        assert self._page is not None
        return self._page

    @property
    def backstage(self) -> Backstage:
        """There once the screen is painted."""
        assert self._backstage is not None
        return self._backstage

    # -- beginning and end

    async def on_mount(self) -> None:
        self.show_status()
        self.set_interval(0.1, self._tick)
        self._signals = Signals(self._on_signal, self.close_now)

    async def on_ready(self) -> None:
        from tui.lesson.backstage import Backstage

        if self.phase is Phase.CLOSING:
            return
        self._backstage = Backstage(self, self._machine_factory, self.cast)
        if self._attachable:
            self.backstage.offer(self._entry.id)
        self._open()
        self.run_worker(self._bring_in_chapter())  # not here: who handles a message keeps the screen from painting

    async def _bring_in_chapter(self) -> None:
        try:
            chapter = await asyncio.to_thread(self._load)
            await self._furnish(chapter)
        except Exception as error:
            if self.phase is not Phase.CLOSING and self.is_running:  # else the panes went while they came
                self.failure = error  # said once the screen is gone
                self.action_leave()
            return
        start("engine-import", engines.read_ahead)
        self.backstage.look_for_packages(chapter)
        if self.errand is not None:
            self.backstage.note(self.errand)

    async def _furnish(self, chapter: Chapter) -> None:
        """Brings in what shows the chapter."""
        from tui.lesson.guide import Guide
        from tui.lesson.page import Page
        from tui.lesson.state import Walk

        progress, place, start = self._kept
        walk = Walk(chapter, progress, start or place.at(chapter.id))
        self._page = Page(self._base, chapter, walk, self._words)
        self._guide = Guide(chapter, walk, self._page, self._words, self.backstage, (progress, place))
        await self._page.open(self._title)
        self.show_status()
        if self.ready:
            await self.guide.arrive(self)
        else:
            self._page.focus()
        if self._going_on:
            await self.guide.go_on(self)

    def on_missing(self, event: news.Missing) -> None:
        sentence = self._words.warning("packages-missing", packages=event.packages, chapter=self._entry.id)
        self.say(sentence, warning=True)

    def _open(self) -> None:
        self.phase, self._began = Phase.BOOTING, monotonic()
        self._pane.show_notice("starting_title", self._words.screen("starting_note"))
        self.backstage.open()
        self.show_status()

    def close_now(self) -> None:
        """Takes the machine away, when there is no screen any more. Raises what the machine raises."""
        if self._backstage is not None:
            self._backstage.close_now()

    def _on_signal(self, number: int) -> None:
        self._exit_code = 128 + number
        self.action_leave()

    def on_unmount(self) -> None:
        self._signals.restore()

    def action_leave(self) -> None:
        """Takes the machine away, then ends. Asked twice, it ends at once and the rest is done without a screen."""
        if self.phase is Phase.CLOSING or self._backstage is None:
            self.exit(return_code=self._exit_code)
            return
        if not self._exit_code and self.phase is Phase.FAILED and self._machine is None:
            self._exit_code = NO_MACHINE
        self.phase = Phase.CLOSING
        self.show_status()
        self._backstage.close()

    def on_machine_closed(self, event: news.MachineClosed) -> None:
        if event.error is not None:
            self._last_words = self._words.screen("close_failed", error=" ".join(self._words.error(event.error)))
        self.exit(return_code=self._exit_code, message=self._last_words or None)

    # -- the machine

    async def on_machine_ready(self, event: news.MachineReady) -> None:
        if self.phase is Phase.CLOSING:
            return
        self.phase = Phase.READY
        capabilities = event.capabilities
        self._machine = capabilities
        self.could_be_quicker = capabilities.kind == "guest" and not capabilities.practice
        for key in capabilities.warnings:
            self.notify(self._words.warning(key), severity="warning", markup=False, timeout=10)
        self.show_status()
        self._pane.show_terminal().start(self.backstage.shell)
        self.look()
        if self.readable:
            await self.guide.arrive(self)

    def on_machine_failed(self, event: news.MachineFailed) -> None:
        if self.phase is not Phase.CLOSING:
            self._fail("failed", event.error)

    def on_machine_lost(self, event: news.MachineLost) -> None:
        self.lost(event.error)

    def _fail(self, what: str, error: Exception) -> None:
        """`what` is `failed` or `lost`."""
        self.phase = Phase.FAILED
        self._pane.show_notice(f"{what}_title", *self._words.error(error), self._words.screen(f"{what}_retry"))
        self.show_status()

    def lost(self, error: Exception) -> bool:
        """Whether `error` means that the machine is gone; if so, the screen says it."""
        from tui.lesson.backstage import LOST

        if not isinstance(error, LabsError) or error.key != LOST:
            return False
        if self.phase is Phase.READY:
            self._pane.stop()
            self._fail("lost", error)
        return True

    async def on_terminal_ended(self, event: Terminal.Ended) -> None:
        if self.phase is not Phase.READY or (event.error is not None and self.lost(event.error)):
            return
        if event.terminal is self._pane.first or event.error is not None:
            self._pane.say_ended(event)
        else:
            await self._pane.remove_terminal(event.terminal)
        self.show_status()

    def on_machine_resetting(self) -> None:
        self._pane.stop()
        self.phase, self._began = Phase.BOOTING, monotonic()
        self._pane.show_notice("resetting_title", self._words.screen("resetting_note"))
        self.show_status()

    def action_reset(self) -> None:
        """Asked twice, since what runs on the machine is gone with it."""
        if self.phase is not Phase.READY:
            return
        if monotonic() - self._reset_asked < SURE_SECONDS:
            self._reset_asked = 0.0
            self.backstage.reset()
        else:
            self._reset_asked = monotonic()
            self.say(self._words.screen("reset_sure"), warning=True)

    # -- for the guide

    @property
    def ready(self) -> bool:
        return self.phase is Phase.READY

    @property
    def live(self) -> bool:
        return self._attachable

    def give_keys(self) -> None:
        if self.ready:
            self.show_shell()
            self._pane.first.focus()

    def show_shell(self) -> None:
        self._pane.turn_to(self._pane.first)

    # -- what happens, and keys

    async def on_checked(self, event: news.Checked) -> None:
        await self.guide.on_checked(event, self)

    async def on_turn_failed(self, event: news.TurnFailed) -> None:
        await self.guide.on_turn_failed(event, self)

    async def on_step_played(self, event: news.StepPlayed) -> None:
        await self.guide.on_played(event, self)

    async def on_step_failed(self, event: news.StepFailed) -> None:
        await self.guide.on_step_failed(event, self)

    def on_trouble(self, event: news.Trouble) -> None:
        sentence = " ".join(self._words.error(event.error))
        self.say(sentence, warning=True)
        if self.phase is Phase.CLOSING:  # nobody reads it on a screen that goes
            self._last_words = sentence

    async def on_question_block_answered(self, event: QuestionBlock.Answered) -> None:
        await self.guide.answer(event.state, event.choice, self)

    async def on_chosen(self, event: Chosen) -> None:
        await self.go_to_item(event.id)

    async def go_to_item(self, id: str) -> None:
        await self.guide.go_to(id, self)

    async def go_to(self, id: str) -> None:
        if id.partition("/")[0] == self._entry.id:
            await self.go_to_item(id)
        elif id:
            self.wanted = id
            self.action_leave()

    async def show_anew(self) -> None:
        if self.readable:
            await self.page.show_anew()
        self._pane.show_anew()

    async def speak(self, language: str) -> None:
        self._words.language = language
        self._title = f"{self._entry.number} · {self._entry.title[language]}"
        await self.page.tell_anew(self._title)
        self._pane.show_anew()
        self.show_status()

    async def action_go_on(self) -> None:
        if self.readable:
            await self.guide.go_on(self)
        self._going_on = not self.readable  # asked for while the chapter comes in, it is done then

    async def action_move(self, by: int) -> None:
        await self.guide.move(by, self)

    async def action_again(self) -> None:
        if self.phase is Phase.FAILED:
            self._open()
        elif self.phase is Phase.READY:
            await self.guide.arrive(self)

    async def action_hint(self) -> None:
        if await self.guide.hint(self):
            self.page.enlarge_card()

    def commands(self) -> Iterator[Command]:
        from tui.lesson.offers import offers  # not before it is asked for

        return offers(self)

    def action_card(self) -> None:
        self.page.toggle_card()

    def action_toggle_terminal(self) -> None:
        terminal = self._pane.terminal
        if terminal.has_focus or self._pane.idle:
            self.page.focus()
        else:
            self._base.set_focus(terminal)

    # -- status

    def on_descendant_focus(self) -> None:
        self.show_status()

    def _tick(self) -> None:
        if self.phase is Phase.BOOTING:
            self.show_status()

    def show_status(self) -> None:
        if not self.screen_stack:
            return  # the app ends
        go_on = self.guide.next_act if self.readable else "key_next"  # which of its acts is not known yet
        seconds = monotonic() - self._began
        for bar in self._base.query(StatusBar):  # none while the screen is taken down
            bar.show(self.phase, self._machine, seconds, go_on, self.focus_is)
