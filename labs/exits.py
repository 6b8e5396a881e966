"""What the command's exit status says. Stable."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    PASS = 0
    FAIL = 1
    USAGE = 2
    NOT_CHECKED = 3
    """Nothing can be said about the work: no machine, broken content, a fault of ours."""
    INTERRUPTED = 130
    """128 + SIGINT, as a shell reports it."""
    BROKEN_PIPE = 141
    """128 + SIGPIPE: who read our output went away."""
