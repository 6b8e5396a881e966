"""The terminal on the screen: keys, mouse and paste in; cells out, at most 30 times a second and only what changed."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from lablib.machine.base import Size
from tui.terminal import engine as modes
from tui.terminal import keys, pump
from tui.terminal.alt import teach_textual
from tui.terminal.engine import Cursor, Engine, EngineFactory, Row
from tui.terminal.engines import ghostty
from tui.terminal.mouse import MouseInput
from tui.terminal.pump import OpenShell, Pump
from tui.terminal.search import find
from tui.terminal.selecting import Selecting
from tui.terminal.strips import found_in, restyle
from tui.terminal.style import style

FRAME = 1 / 30
"""Seconds between two paints."""
SETTLING = 0.05
"""Seconds in which a new size may be another again: panes that are moved have for a moment sizes that nobody sees, in
which a shell would break its prompt to pieces."""
LONGEST_HOLD = 0.15
"""Seconds that a program may hold the picture still with mode 2026; one that never lets go must not freeze it."""
LEAVE = "ctrl+right_square_bracket"
F_KEYS = frozenset(f"f{number}" for number in range(1, 13))
"""Never sent to a shell, which would write `~` for those that come before there is anything for them to do; a program
that has the whole screen gets them."""
_STRIPS = 4096
_AFTER_A_PROGRAM = (
    b"\x18\x1b\\"  # ends a sequence it left unfinished
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?1l\x1b[?25h\x1b[!p\x1b[0m"
)


class Terminal(Selecting, MouseInput, can_focus=True):
    """A shell of a machine. `ctrl+]` is never sent to it; shift+pageup, shift+pagedown and the wheel show history."""

    DEFAULT_CSS = """
    Terminal { height: 1fr; background: #101216; color: #d3d7de; pointer: text; }
    """

    class Started(Message):
        """A shell runs."""

    class Ended(Message):
        """The shell has ended with `status`; with `error`, it could not be had or was lost."""

        def __init__(self, terminal: Terminal, status: int | None, error: Exception | None) -> None:
            super().__init__()
            self.terminal = terminal
            self.status = status
            self.error = error

    class Filled(Message):
        """A program has taken the whole screen, or has given it back."""

    class EngineFailed(Message):
        """The terminal emulator raised `error` and has been replaced by a fresh one. Sent once."""

        def __init__(self, error: Exception) -> None:
            super().__init__()
            self.error = error

    def __init__(self, *, id: str | None = None, engine: EngineFactory = ghostty) -> None:
        super().__init__(id=id)
        teach_textual()
        self._make_engine = engine
        self._engine: Engine | None = None
        self._pump: Pump | None = None
        self._open_shell: OpenShell | None = None
        self._engine_failed = False
        self._back = 0
        self._history = 0
        self._rows: tuple[Row, ...] = ()
        self._caret: Cursor | None = None
        self._strips: dict[Row, Strip] = {}
        self._timer: Timer | None = None
        self._fitting: Timer | None = None
        self._painted = 0.0
        self._held: float | None = None
        self._sought = ""
        self._found: int | None = None
        self.full_screen = False
        """Whether a program has the alternate screen, as those do that want every key."""

    # -- the shell

    def start(self, open_shell: OpenShell) -> None:
        """Opens a shell, hanging up the one before it. Its own `Enter` after the end opens another the same way."""
        self.stop()
        self._open_shell = open_shell
        self._pump = Pump(self, open_shell, self._make_engine, self._cells)
        self._pump.start()

    def stop(self) -> None:
        """Hangs up."""
        if self._pump is not None:
            self._pump.close()
            self._pump = None

    def clear(self) -> None:
        """Forgets everything, history too: another machine's shell follows."""
        self.stop()
        self.end_copying()
        self._feed(b"\x1bc\x1b[3J")
        self._back = 0
        self._paint_soon()

    @property
    def running(self) -> bool:
        return self._pump is not None

    def say(self, text: str) -> None:
        """Writes a line of our own below what the program left."""
        clean = "".join(c for c in text if c.isprintable())
        self._tidy()
        self._feed(f"\r\n\x1b[2m{clean}\x1b[0m\r\n".encode())
        self._paint_soon()

    def on_opened(self, event: pump.Opened) -> None:
        if event.pump is not self._pump:
            return
        if self._engine is None:
            self._engine = event.engine
        else:
            event.engine.close()
            self._tidy()
        self._fit()
        self.post_message(self.Started())

    def on_output(self, event: pump.Output) -> None:
        if event.pump is self._pump:
            event.pump.hand_to(self._feed)
            self._paint_soon()

    def on_finished(self, event: pump.Finished) -> None:
        if event.pump is self._pump:
            self._pump = None
            self.post_message(self.Ended(self, event.status, event.error))

    def on_unmount(self) -> None:
        self.stop()
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def on_resize(self) -> None:
        self.end_copying()  # rows will be broken elsewhere
        if self._fitting is None:
            self._fitting = self.set_timer(SETTLING, self._fit)

    @property
    def _cells(self) -> Size:
        size = self.size
        if not size and isinstance(self.parent, Widget):  # not laid out yet: it will most likely fill its parent
            size = self.parent.size
        return Size(max(2, size.width), max(2, size.height))

    def _fit(self) -> None:
        if self._fitting is not None:
            self._fitting.stop()
            self._fitting = None
        if self._engine is None:
            return
        self._guard(lambda engine: engine.resize(self._cells))
        if self._pump is not None:
            self._pump.resize(self._cells)
        self._paint()

    def _feed(self, data: bytes) -> None:
        self._guard(lambda engine: engine.feed(data))

    def _tidy(self) -> None:
        """Ends the modes that a program which is gone has left on."""
        self._feed(_AFTER_A_PROGRAM)
        if self._engine is not None and self._engine.alternate:  # else 1049 would only move the cursor back
            self._feed(b"\x1b[?1049l")

    def _guard(self, work: Callable[[Engine], None]) -> None:
        """Does `work` with the engine. One that fails is replaced: a picture may be lost, the lesson must not be."""
        if self._engine is None:
            return
        try:
            work(self._engine)
        except Exception as error:  # whatever a young C library raises
            self._engine = self._make_engine(self._cells, self._reply)
            self._back = 0
            if not self._engine_failed:
                self._engine_failed = True
                self.post_message(self.EngineFailed(error))

    def _reply(self, data: bytes) -> None:
        if self._pump is not None:
            self._pump.reply(data)

    def _send(self, data: bytes) -> None:
        if self._pump is not None and data:
            if self._fitting is not None:  # what is typed now is typed in what is seen
                self._fit()
            self._pump.write(data)

    def _mode(self, number: int) -> bool:
        return self._engine is not None and self._engine.mode(number)

    # -- painting

    def _paint_soon(self) -> None:
        if self._timer is not None:
            return
        wait = self._painted + FRAME - monotonic()
        if wait <= 0:
            self._paint()
        else:
            self._timer = self.set_timer(wait, self._paint)

    def _paint(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._engine is None or self._is_held():
            return
        self._painted = monotonic()
        self._guard(self._take_picture)

    def _is_held(self) -> bool:
        now = monotonic()
        if not self._mode(modes.SYNCHRONIZED_OUTPUT):
            self._held = None
            return False
        self._held = now if self._held is None else self._held
        if now - self._held < LONGEST_HOLD:
            self._timer = self.set_timer(FRAME, self._paint)
            return True
        self._held = now
        return False

    def _take_picture(self, engine: Engine) -> None:
        history = engine.scrollback
        if self._copying is not None and history < self._history:  # what was being selected is no more
            self.end_copying()
        if self._copying is not None:
            self._copying.grown(history - self._history)
            self._back = self._copying.back
        elif self._back:  # what is being read stays where it is while more arrives below
            self._back = max(0, min(history, self._back + history - self._history))
        self._history = history
        rows = tuple(engine.rows(self._back))
        if engine.alternate != self.full_screen:
            self.full_screen = not self.full_screen
            self.post_message(self.Filled())
        cursor = engine.cursor
        caret = cursor if cursor.visible and not self._back else None
        changed = {y for y, row in enumerate(rows) if y >= len(self._rows) or row != self._rows[y]}
        if caret != self._caret:
            changed |= {c.y for c in (caret, self._caret) if c is not None}
        if self._back:
            changed.add(0)
        self._rows, self._caret = rows, caret
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed if y < self.size.height))

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        strip = self._strip(y, base).adjust_cell_length(width, base)
        for start, end in found_in(strip.text, self._sought):
            strip = restyle(strip, start, end, Style(reverse=True))
        selection = self._selected
        span = selection.get_span(y) if selection is not None else None
        if span is not None:
            chosen = self.screen.get_component_rich_style("screen--selection")
            strip = restyle(strip, span[0], width if span[1] == -1 else span[1], chosen)
        caret = self._copying.caret if self._copying is not None else self._caret
        if caret is not None and caret.y == y:
            x = min(caret.x, width - 1)
            strip = restyle(strip, x, x + 1, Style(reverse=True) if self.has_focus else Style(underline=True))
        if self._back and y == 0:
            mark = f" ↑ {self._back} "
            strip = Strip.join([strip.crop(0, width - len(mark)), Strip([Segment(mark, base + Style(reverse=True))])])
        return strip.apply_offsets(0, y)

    def _strip(self, y: int, base: Style) -> Strip:
        if self._engine is None or y >= len(self._rows):
            return Strip.blank(self.size.width, base)
        return self._strip_of(self._rows[y], base)

    def _strip_of(self, row: Row, base: Style) -> Strip:
        strip = self._strips.get(row)
        if strip is None:
            if len(self._strips) >= _STRIPS:
                self._strips.clear()
            runs = self._engine.runs(row) if self._engine is not None else ()
            strip = Strip([Segment(run.text, base + style(run.sgr)) for run in runs])
            self._strips[row] = strip
        return strip

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    @property
    def text(self) -> str:
        """What is shown, as plain text."""
        return "\n".join(self._strip(y, Style()).text.rstrip() for y in range(len(self._rows)))

    def seek(self, text: str, *, older: bool = True) -> bool:
        """Brings the next row with `text` into view, and marks it wherever it is; whether there is one. Empty text ends
        the search, where the output ends."""
        if text != self._sought:
            self._sought, self._found = text, None
            self.refresh()
        engine = self._engine
        if engine is None or not text:
            self._scroll_history(-self._back)
            return False
        begin = 0 if self._found is None else self._found + (1 if older else -1)
        row = find(engine, text, begin, older=older)
        if row is not None:
            self._found = row
            self._scroll_history(max(0, row - self.size.height // 2) - self._back)
        return row is not None

    # -- input

    async def _on_key(self, event: events.Key) -> None:
        if event.key == LEAVE or (event.key in F_KEYS and not self.full_screen):
            return
        event.stop()
        event.prevent_default()
        if self.copying:
            self._select_by(event.key)
        elif event.key in ("shift+pageup", "shift+pagedown"):
            self._scroll_history(self.size.height // 2 * (1 if event.key == "shift+pageup" else -1))
        elif self._pump is None:
            if event.key == "enter" and self._open_shell is not None:
                self.start(self._open_shell)
        else:
            application_cursor = self._mode(modes.APPLICATION_CURSOR_KEYS)
            typed = keys.encode(event.key, event.character, application_cursor=application_cursor)
            if typed:
                self._scroll_history(-self._back)
                self.screen.clear_selection()
                self._send(typed)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.end_copying()
        self._scroll_history(-self._back)
        self._send(keys.paste(event.text, bracketed=self._mode(modes.BRACKETED_PASTE)))

    def on_focus(self) -> None:
        self._focus_changed(b"\x1b[I")

    def on_blur(self) -> None:
        self._focus_changed(b"\x1b[O")

    def _focus_changed(self, report: bytes) -> None:
        if self._mode(modes.FOCUS_REPORTS):
            self._send(report)
        self.refresh()

    def _scroll_history(self, rows: int) -> None:
        if self._engine is None or not rows:
            return
        self._history = self._engine.scrollback
        self._back = max(0, min(self._history, self._back + rows))
        self.refresh()
        self._paint()
