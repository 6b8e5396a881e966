"""Waiting for what a screen will show, without guessing how long."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.pilot import Pilot


async def until(pilot: Pilot[None], condition: Callable[[], bool], seconds: float = 8) -> None:
    """Returns when `condition` holds; fails after `seconds`."""
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, "it did not come about"
        await pilot.pause(0.02)
