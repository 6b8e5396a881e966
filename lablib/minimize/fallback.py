"""What a program did about the calls it was denied, from two launches that were watched: one without a filter, one with
only what it needs. Of each denied call it is known what the same thread asked for next, the first time."""

from __future__ import annotations

from typing import NamedTuple

from lablib.minimize.search import Found


class Fallbacks(NamedTuple):
    """Calls that the program makes when nothing is denied, and that it does without."""

    instead: dict[int, int]
    """Denied, and the thread asked for another call next than it otherwise does: that one."""
    ignored: tuple[int, ...]
    """Denied, and it went on as if nothing had happened."""
    unasked: tuple[int, ...]
    """Not asked for any more, since something before was denied."""


def fallbacks(found: Found) -> Fallbacks | None:
    """None where nothing is denied, or nobody watched."""
    if found.trace is None or found.denied is None:
        return None
    usual, now = found.trace, found.denied
    without = [call for call in usual.first if call not in found.calls]
    asked = [call for call in without if call in now.first]
    instead = {
        call: now.follows[call]
        for call in asked
        if call in now.follows and now.follows[call] not in (call, usual.follows.get(call))
    }
    return Fallbacks(
        instead,
        tuple(call for call in asked if call not in instead),
        tuple(call for call in without if call not in now.first),
    )
