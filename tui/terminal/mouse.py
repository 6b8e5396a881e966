"""The mouse in a terminal: reported to a program that asks for it, else it scrolls and selects."""

from __future__ import annotations

from textual import events
from textual.widget import Widget

from tui.terminal import engine as modes
from tui.terminal import keys
from tui.terminal.engine import Engine

WHEEL = 3
_MOUSE_MODES = (modes.MOUSE_BUTTONS, modes.MOUSE_DRAG, modes.MOUSE_MOTION)


class MouseInput(Widget):
    """The part of a terminal that hears of the mouse."""

    _engine: Engine | None

    def _send(self, data: bytes) -> None:
        raise NotImplementedError

    def _mode(self, number: int) -> bool:
        raise NotImplementedError

    def _scroll_history(self, rows: int) -> None:
        raise NotImplementedError

    @property
    def _mouse_wanted(self) -> bool:
        return any(self._mode(number) for number in _MOUSE_MODES)

    @property
    def allow_select(self) -> bool:
        return not self._mouse_wanted

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self._mouse_wanted:
            self.capture_mouse()
            self._report(event, event.button - 1)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self.release_mouse()
        if self._mouse_wanted:
            self._report(event, event.button - 1, pressed=False)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        dragged = event.button and self._mode(modes.MOUSE_DRAG)
        if dragged or self._mode(modes.MOUSE_MOTION):
            self._report(event, 32 + (event.button - 1 if event.button else 3))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, up=True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, up=False)

    def _wheel(self, event: events.MouseEvent, *, up: bool) -> None:
        event.stop()
        if self._mouse_wanted:
            self._report(event, 64 if up else 65)
        elif self._engine is not None and self._engine.alternate:
            application_cursor = self._mode(modes.APPLICATION_CURSOR_KEYS)
            self._send(keys.encode("up" if up else "down", application_cursor=application_cursor) * WHEEL)
        else:
            self._scroll_history(WHEEL if up else -WHEEL)

    def _report(self, event: events.MouseEvent, button: int, *, pressed: bool = True) -> None:
        event.stop()
        button += 4 * event.shift + 8 * event.meta + 16 * event.ctrl
        x = min(max(0, event.x), self.size.width - 1)
        y = min(max(0, event.y), self.size.height - 1)
        self._send(keys.mouse(button, x, y, pressed=pressed, sgr=self._mode(modes.MOUSE_SGR)))
