"""How other threads speak to the screen: by messages, waiting until each has been dealt with."""

from __future__ import annotations

import threading
from collections.abc import Callable

from textual.message import Message
from textual.message_pump import MessagePump

PATIENCE = 0.2
"""Seconds between two looks at whether the screen is still there."""


class Handed(Message):
    """A message of another thread. Its handler sets `done`; until then the thread waits, so nothing piles up here."""

    def __init__(self) -> None:
        super().__init__()
        self.done = threading.Event()


def start(name: str, work: Callable[[], None]) -> threading.Thread:
    """Runs `work` in a thread of its own. A daemon: waiting for a stuck machine must not keep us from ending."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def post(target: MessagePump, message: Message) -> bool:
    """Posts from any thread; False when the screen has gone."""
    try:
        return target.post_message(message)
    except RuntimeError:  # the event loop is closed
        return False


def hand_over(target: MessagePump, message: Handed, closed: threading.Event) -> bool:
    """Posts `message` and waits until it is dealt with; False when `closed` was set or the screen has gone."""
    if closed.is_set() or not post(target, message):
        return False
    while not message.done.wait(PATIENCE):
        if closed.is_set() or not target.is_running:
            return False
    return True
