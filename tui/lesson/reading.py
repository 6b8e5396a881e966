"""What the prose and a task's card have in common: a text that is read in pages, and that says when its end is seen."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.message import Message


class Reading(VerticalScroll):
    """A text to read."""

    class Read(Message):
        """What there is to read has been shown to its end, or no longer."""

    _was_unread = False

    @property
    def unread(self) -> bool:
        """Whether there is more to read than has been shown."""
        raise NotImplementedError

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._tell()

    def watch_virtual_size(self, _old: Size, _new: Size) -> None:
        self._tell()

    def on_resize(self) -> None:
        self._tell()

    def on_show(self) -> None:
        self._tell()

    def on_hide(self) -> None:
        self._tell()

    def _tell(self) -> None:
        unread = self.unread
        if unread != self._was_unread:
            self._was_unread = unread
            self.post_message(self.Read())
