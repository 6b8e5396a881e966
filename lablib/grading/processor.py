"""A processor for each worker: its guest keeps to one, and the guests of two workers are not to share it by chance."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

NAME = "container-labs/processor"


@contextmanager
def one_processor() -> Iterator[None]:
    """Keeps this thread, and what it starts, to a processor that no other worker of this user is on; to none where all
    are taken, or where this may not be chosen."""
    whole = os.sched_getaffinity(0)
    claim = _claim(whole)
    if claim is None:
        yield
        return
    number, name = claim
    with name:
        _keep_to({number})
        try:
            yield
        finally:
            _keep_to(whole)


def _keep_to(processors: set[int]) -> None:
    with suppress(OSError):  # a cpuset that has just changed, or a sandbox; it costs time and nothing else
        os.sched_setaffinity(0, processors)


def _claim(processors: set[int]) -> tuple[int, socket.socket] | None:
    """A free one, and the name by which it is ours: one of the abstract namespace (unix(7)), which goes with its socket
    however its process ends."""
    for number in sorted(processors):
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0{NAME}/{os.geteuid()}/{number}")
        except OSError:  # EADDRINUSE; or a policy that allows no such names
            name.close()
        else:
            return number, name
    return None
