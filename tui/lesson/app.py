"""The lesson's screen as a whole: it lays out the panes, hears of the machine, and keeps what the tasks have become."""

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
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from lablib.course.model import Chapter
from lablib.errors import LabsError
from lablib.machine.base import Machine, Size
from tui.lesson.backstage import LOST, Backstage, Checked, MachineClosed, MachineFailed, MachineReady, TurnFailed
from tui.lesson.help import Help
from tui.lesson.machine_pane import MachinePane
from tui.lesson.prose import Prose
from tui.lesson.state import Phase, Progress, TaskState
from tui.lesson.status_bar import StatusBar
from tui.lesson.task_card import TaskCard, TaskLine
from tui.lesson.text import Words, chapter_markdown, task_line
from tui.lesson.theme import ANSI, THEME
from tui.terminal.widget import Terminal
from tui.threads import start

SMALLEST = Size(60, 16)
WIDE = 118
"""Columns from which prose and terminal stand side by side."""
NO_MACHINE = 3
"""Exit code: nothing could be checked."""


class LessonApp(App[None]):
    """One chapter on one machine. Painted before the machine is asked for, and before the terminal's engine is read."""

    CSS_PATH = "lesson.tcss"
    ENABLE_COMMAND_PALETTE = False
    # All with priority, so that they work from the terminal too; programs keep every key but these.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", priority=True),
        Binding("f2", "go(1)", priority=True),
        Binding("f3", "go(-1)", priority=True),
        Binding("f4", "hint", priority=True),
        Binding("f5", "again", priority=True),
        Binding("f6", "card", priority=True),
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
        start_task: str | None = None,
    ) -> None:
        super().__init__()
        self.register_theme(THEME)
        self.theme = THEME.name
        self.ansi_theme_dark = ANSI
        self.backstage = Backstage(self, machine_factory)
        self.chapter = chapter
        self._words = Words(language)
        self._progress = progress
        self.tasks = [TaskState(task, progress.passed(task.id)) for task in chapter.tasks]
        self.at = self._first(start_task)
        self.phase = Phase.BOOTING
        self._machine_line = ""
        self._turn = 0
        self._began = monotonic()
        self._exit_code = 0

    def compose(self) -> ComposeResult:
        with Container(id="lesson", classes="-stacked"):
            with Vertical(id="reading"):
                yield Prose(f"{self.chapter.number} · {self.chapter.title[self._words.language]}")
                yield TaskCard(self._words)
            yield TaskLine(self._words)
            yield MachinePane()
        yield StatusBar(self._words)
        yield Static(id="too-small")

    @property
    def _base(self) -> Screen[object]:
        """The screen of the lesson, whatever lies over it."""
        return self.screen_stack[0]

    @property
    def _pane(self) -> MachinePane:
        return self._base.query_one(MachinePane)

    # -- beginning and end

    async def on_mount(self) -> None:
        self._show_status()
        self._base.query_one(Prose).focus()
        await self._show_task()
        self.set_interval(0.1, self._tick)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._on_signal, signal.SIGTERM)
        self._hang_up_before = signal.signal(signal.SIGHUP, self._on_hang_up)
        self.call_after_refresh(self._after_first_paint)

    async def _after_first_paint(self) -> None:
        if self.phase is Phase.CLOSING:
            return
        self._open()
        start("engine-import", _import_engine)
        language = self._words.language
        await self._base.query_one(Prose).show(chapter_markdown(self.chapter, language, self._words))
        if self.at:
            self._scroll_to_task()

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

    def on_machine_closed(self, event: MachineClosed) -> None:
        message = None
        if event.error is not None:
            message = self._words.screen("close_failed", error=" ".join(self._words.error(event.error)))
        self.exit(return_code=self._exit_code, message=message)

    # -- the machine

    async def on_machine_ready(self, event: MachineReady) -> None:
        if self.phase is Phase.CLOSING:
            return
        self.phase = Phase.READY
        capabilities = event.capabilities
        self._machine_line = self._words.screen("ready", kind=capabilities.kind, release=capabilities.release)
        for key in capabilities.warnings:
            self.notify(self._words.warning(key), severity="warning", markup=False, timeout=10)
        self._show_status()
        terminal = self._pane.show_terminal()
        terminal.focus()
        self.call_after_refresh(terminal.start, self.backstage.shell)
        await self._begin()

    def on_machine_failed(self, event: MachineFailed) -> None:
        if self.phase is Phase.CLOSING:
            return
        self._fail("failed_title", event.error)

    def _fail(self, title: str, error: Exception) -> None:
        self.phase = Phase.FAILED
        sentence, remedy = self._words.error(error)
        self._pane.show_notice(self._words.screen(title), sentence, remedy, self._words.screen("failed_retry"))
        self._show_status()

    def _lost(self, error: Exception) -> bool:
        """Whether `error` means that the machine is gone; if so, the screen says it."""
        if not isinstance(error, LabsError) or error.key not in LOST:
            return False
        self._base.query_one(Terminal).stop()
        self._fail("lost_title", error)
        return True

    def on_terminal_ended(self, event: Terminal.Ended) -> None:
        if self.phase is not Phase.READY:
            return
        terminal = self._base.query_one(Terminal)
        if event.error is not None:
            if self._lost(event.error):
                return
            terminal.say(self._words.screen("shell_failed", error=" ".join(self._words.error(event.error))))
        elif event.status is None:
            terminal.say(self._words.screen("ended_unknown"))
        else:
            terminal.say(self._words.screen("ended", status=event.status))

    def on_terminal_engine_failed(self) -> None:
        self.notify(self._words.screen("engine_failed"), severity="warning", markup=False)

    # -- the tasks

    @property
    def state(self) -> TaskState | None:
        """The task at hand; None in a chapter without tasks."""
        return self.tasks[self.at] if self.tasks else None

    def _first(self, wanted: str | None) -> int:
        for number, state in enumerate(self.tasks):
            if state.task.id == wanted or (wanted is None and not state.passed):
                return number
        return 0

    async def _begin(self) -> None:
        if self.state is not None and self.phase is Phase.READY:
            self.state.begin()
            self._turn = self.backstage.begin(self.state.task)
        await self._show_task()

    async def on_checked(self, event: Checked) -> None:
        state = self.state
        if event.turn == self._turn and state is not None:
            if state.take(event.results):
                self._mark(state)
            await self._show_task()
        event.done.set()

    def _mark(self, state: TaskState) -> None:
        self.notify(self._words.screen("passed_last" if self._last else "passed_now"), markup=False)
        try:
            self._progress.mark_passed(state.task.id)
        except (LabsError, OSError) as error:
            sentence = " ".join(self._words.error(error))
            text = self._words.screen("progress_failed", error=sentence)
            self.notify(text, severity="warning", markup=False)

    async def on_turn_failed(self, event: TurnFailed) -> None:
        if event.turn != self._turn or self.state is None or self.phase is not Phase.READY:
            return
        self._lost(event.error)
        parts = (self._words.screen("watch_failed"), *self._words.error(event.error))
        self.state.fail("\n".join(part for part in parts if part))
        await self._show_task()

    async def action_go(self, by: int) -> None:
        there = self.at + by
        if not 0 <= there < len(self.tasks):
            self.notify(self._words.screen("no_next" if by > 0 else "no_previous"), markup=False)
            return
        self.at = there
        self._scroll_to_task()
        await self._begin()

    async def action_again(self) -> None:
        if self.phase is Phase.FAILED:
            self._open()
        elif self.phase is Phase.READY:
            await self._begin()

    async def action_hint(self) -> None:
        state = self.state
        if state is None:
            return
        total = len(state.task.hints.get(self._words.language, ()))
        if state.hints == total:
            self.notify(self._words.screen("no_more_hints" if total else "no_hints"), markup=False)
            return
        state.hints += 1
        self._base.query_one("#lesson").add_class("-card-large")
        await self._show_task()

    def _scroll_to_task(self) -> None:
        line = task_line(self.chapter, self.at + 1, self._words.language, self._words)
        self.call_after_refresh(self._base.query_one(Prose).scroll_to_line, line)

    @property
    def _last(self) -> bool:
        return self.at == len(self.tasks) - 1

    async def _show_task(self) -> None:
        state = self.state
        if state is None:
            self._base.query_one("#task-line", Static).update(Content(self._words.screen("no_tasks")))
            self._base.query_one(TaskCard).display = False
            return
        place = self._words.screen("task", number=self.at + 1, total=len(self.tasks))
        title = f"{place} · {state.task.title[self._words.language]}"
        self._base.query_one(TaskLine).show(state, title, self._last)
        await self._base.query_one(TaskCard).show(state, title, self._last)

    # -- keys and panes

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
    def _reading(self) -> Prose | TaskCard:
        """The prose, or the card where it stands in the prose's place."""
        prose = self._base.query_one(Prose)
        return prose if prose.display else self._base.query_one(TaskCard)

    def action_copy(self) -> None:
        text = self.screen.get_selected_text()
        if text:
            self.copy_to_clipboard(text)
            self.notify(self._words.screen("copied"), markup=False, timeout=2)

    def on_text_selected(self) -> None:
        self.action_copy()

    def on_descendant_focus(self) -> None:
        self._show_status()

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size.width, event.size.height
        small = width < SMALLEST.columns or height < SMALLEST.rows
        self._base.set_class(small, "-too-small")
        size = {"columns": SMALLEST.columns, "rows": SMALLEST.rows, "width": width, "height": height}
        self._base.query_one("#too-small", Static).update(Content(self._words.screen("too_small", **size)))
        lesson, reading = self._base.query_one("#lesson"), self._base.query_one("#reading")
        wide = width >= WIDE
        lesson.set_class(wide, "-wide")
        lesson.set_class(not wide, "-stacked")
        if wide:  # a terminal of 80 columns and its rule come first, then prose of a comfortable width
            reading.styles.width = min(width - 81, max(37, width * 2 // 5), 76)
            reading.styles.height = "1fr"
        else:
            reading.styles.width = "1fr"
            reading.styles.height = max(6, height * 3 // 8 - 1)
        self._show_status()

    def _tick(self) -> None:
        if self.phase is Phase.BOOTING:
            self._show_status()

    def _show_status(self) -> None:
        in_terminal = isinstance(self._base.focused, Terminal)
        seconds = monotonic() - self._began
        self._base.query_one(StatusBar).show(self.phase, self._machine_line, seconds, in_terminal=in_terminal)


def _import_engine() -> None:
    """Reads the engine while the machine starts, so that the shell need not wait for it."""
    import tui.terminal.ghostty  # noqa: F401
