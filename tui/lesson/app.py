"""The lesson's screen as a whole: lays out the panes, hears of the machine, and turns keys into acts of the guide."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Static

from lablib.course.model import Chapter
from lablib.errors import LabsError
from lablib.machine.base import Machine
from tui.chinese import teach_rich
from tui.lesson import news
from tui.lesson.backstage import Backstage
from tui.lesson.blocks import Chosen, QuestionBlock
from tui.lesson.guide import Guide
from tui.lesson.help import Help
from tui.lesson.item_line import ItemLine
from tui.lesson.layout import lay_out
from tui.lesson.live_view import LiveView
from tui.lesson.machine_pane import MachinePane
from tui.lesson.prose import ProsePane
from tui.lesson.state import Item, Phase, Place, Progress, QuestionState, StepState, TaskState
from tui.lesson.status_bar import StatusBar
from tui.lesson.task_card import TaskCard
from tui.lesson.text import Words, item_title
from tui.lesson.theme import ANSI, THEME
from tui.terminal.widget import Terminal
from tui.threads import start

SURE_SECONDS = 4.0
"""Within which a reset is asked for once more."""
NO_MACHINE = 3
"""Exit code: nothing could be checked."""


class LessonApp(App[None]):
    """One chapter on one machine. Painted before the machine is asked for, and before the terminal's engine is read."""

    CSS_PATH = "lesson.tcss"
    ENABLE_COMMAND_PALETTE = False
    # All with priority, so that they work from the terminal too; programs keep every key but these.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", priority=True),
        Binding("f2", "go_on", priority=True),
        Binding("f3", "hint", priority=True),
        Binding("f4", "card", priority=True),
        Binding("f5", "again", priority=True),
        Binding("f6", "move(-1)", priority=True),
        Binding("f7", "move(1)", priority=True),
        Binding("f8", "view", priority=True),
        Binding("f9", "reset", priority=True),
        Binding("ctrl+right_square_bracket", "toggle_terminal", priority=True),
        Binding("ctrl+q", "leave", priority=True),
        Binding("ctrl+c", "copy", show=False),
    ]

    def __init__(
        self,
        chapter: Chapter,
        machine_factory: Callable[[], Machine],
        language: str,
        progress: Progress,
        place: Place,
        start: str = "",
    ) -> None:
        super().__init__()
        teach_rich()
        self.register_theme(THEME)
        self.theme = THEME.name
        self.ansi_theme_dark = ANSI
        self.chapter = chapter
        self._words = Words(language)
        self.backstage = Backstage(self, machine_factory, chapter)
        self.guide = Guide(chapter, self._words, progress, place, self.backstage, start)
        self.phase = Phase.BOOTING
        self._machine_line = ""
        self._began = monotonic()
        self._exit_code = 0
        self._reset_asked = 0.0

    def compose(self) -> ComposeResult:
        with Container(id="lesson", classes="-stacked"):
            with Vertical(id="reading"):
                yield ProsePane(f"{self.chapter.number} · {self.chapter.title[self._words.language]}")
                yield TaskCard(self._words)
            yield ItemLine(self._words)
            yield MachinePane(self._words)
        yield StatusBar(self._words)
        yield Static(id="too-small")

    @property
    def _base(self) -> Screen[object]:
        """The screen of the lesson, whatever lies over it."""
        return self.screen_stack[0]

    @property
    def _pane(self) -> MachinePane:
        return self._base.query_one(MachinePane)

    @property
    def _prose(self) -> ProsePane:
        return self._base.query_one(ProsePane)

    # -- beginning and end

    async def on_mount(self) -> None:
        self._show_status()
        self._prose.focus()
        await self._show_item()
        self.set_interval(0.1, self._tick)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._on_signal, signal.SIGTERM)
        self._hang_up_before = signal.signal(signal.SIGHUP, self._on_hang_up)
        self.call_after_refresh(self._after_first_paint)

    async def _after_first_paint(self) -> None:
        if self.phase is Phase.CLOSING:
            return
        self._open()
        start("engine-import", _import_engine)
        await self._prose.show(self.chapter, self.guide.walk, self._words)
        if self.guide.walk.item is not None:
            self._prose.go_to(self.guide.walk.item.id)

    def _open(self) -> None:
        self.phase, self._began = Phase.BOOTING, monotonic()
        self._pane.show_notice(self._words.screen("starting_title"), self._words.screen("starting_note"))
        self.backstage.open()
        self._show_status()

    def _on_signal(self, number: int) -> None:
        self._exit_code = 128 + number
        self.action_leave()

    def _on_hang_up(self, number: int, _frame: FrameType | None) -> None:
        """The terminal is gone: there is nothing to restore or to say, and whatever still waits to write to it, the
        event loop included, may wait for ever. So a thread takes the machine away and ends the process."""

        def leave() -> None:
            try:
                self.backstage.close_now()
            finally:
                os._exit(128 + number)

        start("hang-up", leave)

    def on_unmount(self) -> None:
        signal.signal(signal.SIGHUP, self._hang_up_before)

    def action_leave(self) -> None:
        """Takes the machine away, then ends. Asked twice, it ends at once and the rest is done without a screen."""
        if self.phase is Phase.CLOSING:
            self.exit(return_code=self._exit_code)
            return
        if not self._exit_code and self.phase is Phase.FAILED and not self._machine_line:
            self._exit_code = NO_MACHINE
        self.phase = Phase.CLOSING
        self._show_status()
        self.backstage.close()

    def on_machine_closed(self, event: news.MachineClosed) -> None:
        message = None
        if event.error is not None:
            message = self._words.screen("close_failed", error=" ".join(self._words.error(event.error)))
        self.exit(return_code=self._exit_code, message=message)

    # -- the machine

    async def on_machine_ready(self, event: news.MachineReady) -> None:
        if self.phase is Phase.CLOSING:
            return
        self.phase = Phase.READY
        capabilities = event.capabilities
        self._machine_line = self._words.screen(
            "ready", kind=self._words.screen(f"kind_{capabilities.kind}"), release=capabilities.release
        )
        for key in capabilities.warnings:
            self.notify(self._words.warning(key), severity="warning", markup=False, timeout=10)
        self._show_status()
        terminal = self._pane.show_terminal()
        terminal.clear()
        terminal.focus()
        self.call_after_refresh(terminal.start, self.backstage.shell)
        self.backstage.view(on=self._pane.has_class("-viewing"))
        await self.guide.arrive(self)

    def on_machine_failed(self, event: news.MachineFailed) -> None:
        if self.phase is Phase.CLOSING:
            return
        self._fail("failed_title", event.error)

    def _fail(self, title: str, error: Exception) -> None:
        self.phase = Phase.FAILED
        sentence, remedy = self._words.error(error)
        self._pane.show_notice(self._words.screen(title), sentence, remedy, self._words.screen("failed_retry"))
        self._show_status()

    def lost(self, error: Exception) -> bool:
        """Whether `error` means that the machine is gone; if so, the screen says it."""
        if not isinstance(error, LabsError) or error.key not in news.LOST:
            return False
        if self.phase is Phase.READY:
            self._base.query_one(Terminal).stop()
            self._fail("lost_title", error)
        return True

    def on_terminal_ended(self, event: Terminal.Ended) -> None:
        if self.phase is not Phase.READY:
            return
        terminal = self._base.query_one(Terminal)
        if event.error is not None:
            if self.lost(event.error):
                return
            terminal.say(self._words.screen("shell_failed", error=" ".join(self._words.error(event.error))))
        elif event.status is None:
            terminal.say(self._words.screen("ended_unknown"))
        else:
            terminal.say(self._words.screen("ended", status=event.status))

    def on_terminal_engine_failed(self) -> None:
        self.say(self._words.screen("engine_failed"), warning=True)

    def on_machine_resetting(self) -> None:
        self._base.query_one(Terminal).stop()
        self.phase, self._began = Phase.BOOTING, monotonic()
        self._pane.show_notice(self._words.screen("resetting_title"), self._words.screen("resetting_note"))
        self._show_status()

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

    def action_view(self) -> None:
        self._pane.toggle_class("-viewing")
        self.backstage.view(on=self.ready and self._pane.has_class("-viewing"))

    def on_seen(self, event: news.Seen) -> None:
        self._base.query_one(LiveView).show(event.rows)
        event.done.set()

    # -- for the guide

    @property
    def ready(self) -> bool:
        return self.phase is Phase.READY

    async def show(self, item: Item) -> None:
        await self._prose.refresh_item(item.id)
        if item is self.guide.walk.item:
            await self._show_item()

    async def turn_to(self, item: Item) -> None:
        self._base.query_one("#lesson").remove_class("-card-large")
        await self._show_item()
        self._prose.go_to(item.id)

    def say(self, sentence: str, *, warning: bool = False) -> None:
        self.notify(sentence, severity="warning" if warning else "information", markup=False)

    def ask(self, state: QuestionState) -> None:
        block = self._prose.block(state.id)
        if isinstance(block, QuestionBlock):
            block.choose()

    def give_keys(self) -> None:
        if self.ready:
            self._base.query_one(Terminal).focus()

    async def _show_item(self) -> None:
        item, line, card = self.guide.walk.item, self._base.query_one(ItemLine), self._base.query_one(TaskCard)
        self._base.query_one("#lesson").set_class(isinstance(item, TaskState), "-at-task")
        title = item_title(item, self.guide.walk, self._words) if item else self._words.screen("no_tasks")
        line.show(item, title)
        if isinstance(item, TaskState):
            await card.show(item, title)
        self._show_status()

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
        self.say(" ".join(self._words.error(event.error)), warning=True)

    async def on_question_block_answered(self, event: QuestionBlock.Answered) -> None:
        await self.guide.answer(event.state, event.choice, self)

    async def on_chosen(self, event: Chosen) -> None:
        await self.guide.go_to(event.id, self)

    async def action_go_on(self) -> None:
        await self.guide.go_on(self)

    async def action_move(self, by: int) -> None:
        await self.guide.move(by, self)

    async def action_again(self) -> None:
        if self.phase is Phase.FAILED:
            self._open()
        elif self.phase is Phase.READY:
            await self.guide.arrive(self)

    async def action_hint(self) -> None:
        if await self.guide.hint(self):
            self._base.query_one("#lesson").add_class("-card-large")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action in ("help", "leave") or not isinstance(self.screen, Help)

    def action_help(self) -> None:
        if isinstance(self.screen, Help):
            self.pop_screen()
        else:
            self.push_screen(Help(self._words))

    def action_card(self) -> None:
        terminal_has_focus = isinstance(self.focused, Terminal)
        self._base.query_one("#lesson").toggle_class("-card-large")
        if not terminal_has_focus:  # the pane that had it may be hidden now
            self.call_after_refresh(lambda: self._reading.focus())

    def action_toggle_terminal(self) -> None:
        terminal = self._base.query_one(Terminal)
        if terminal.has_focus or self._pane.has_class("-idle"):
            self._reading.focus()
        else:
            terminal.focus()

    @property
    def _reading(self) -> ProsePane | TaskCard:
        """The prose, or the card where it stands in the prose's place."""
        return self._prose if self._prose.display else self._base.query_one(TaskCard)

    def action_copy(self) -> None:
        text = self.screen.get_selected_text()
        if text:
            self.copy_to_clipboard(text)
            self.notify(self._words.screen("copied"), markup=False, timeout=2)

    def on_text_selected(self) -> None:
        self.action_copy()

    # -- layout

    def on_descendant_focus(self) -> None:
        self._show_status()

    def on_resize(self, event: events.Resize) -> None:
        lay_out(self._base, event.size, self._words)
        self._show_status()

    def _tick(self) -> None:
        if self.phase is Phase.BOOTING:
            self._show_status()

    def _show_status(self) -> None:
        item = self.guide.walk.item
        go_on = "key_next"
        if isinstance(item, StepState):
            go_on = "key_run"
        elif isinstance(item, QuestionState) and not item.done:
            go_on = "key_answer"
        in_terminal = isinstance(self._base.focused, Terminal)
        seconds = monotonic() - self._began
        self._base.query_one(StatusBar).show(self.phase, self._machine_line, seconds, go_on, in_terminal=in_terminal)


def _import_engine() -> None:
    """Reads the engine while the machine starts, so that the shell need not wait for it."""
    import tui.terminal.ghostty  # noqa: F401
