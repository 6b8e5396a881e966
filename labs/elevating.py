"""Root for a lab on this machine itself, by sudo(8): asked for in words, before anything is started with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from lablib.errors import LabsError
from lablib.i18n import catalogue
from labs.asking import agrees
from labs.stderr import warn

_REFRESH_SECONDS = 240.0
"""sudo asks again after five minutes in the strictest of the distributions (timestamp_timeout in sudoers(5))."""


@contextmanager
def sudo_if_agreed(kind: str, language: str) -> Iterator[bool]:
    """Whether machines of `kind` are to be started through sudo, which asks for no password while this lasts. Nobody is
    asked who is root already, or cannot answer. Who does not get root is told where a lab can do without. Raises
    LabsError where sudo refuses, and no lab can."""
    if kind != "host" or os.geteuid() == 0:
        yield False
        return
    from lablib.machine.rootless import hindrance  # not for guests, whose screen waits

    asked = _can_ask() and agrees(catalogue(language).text("sudo.question"), sys.stderr)
    if not asked or subprocess.run(["sudo", "--validate"]).returncode != 0:
        if not hindrance(os.geteuid()):
            warn("rootless", language)
        elif asked:
            raise LabsError("sudo-refused")
        yield False
        return
    ended = Event()
    Thread(target=_keep_valid, args=(ended,), name="sudo", daemon=True).start()
    try:
        yield True
    finally:
        ended.set()


def _can_ask() -> bool:
    return shutil.which("sudo") is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _keep_valid(ended: Event) -> None:
    """A reset, an hour into a lesson, starts another machine."""
    while not ended.wait(_REFRESH_SECONDS):
        subprocess.run(["sudo", "--non-interactive", "--validate"], stdin=subprocess.DEVNULL, capture_output=True)
