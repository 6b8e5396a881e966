"""What a task means by a `sleep`: the process that it asks for to see where it is, what holds it, or how it ends."""

from __future__ import annotations

from lablib.verdict import Context

_OF_MANY = frozenset({"busybox", "coreutils"})
"""Programs that are sleep(1) where they are called so, or told so."""


def is_sleep(ctx: Context, pid: int) -> bool:
    """Whether `pid` runs sleep(1), by whatever name it was started, and is no zombie. Whose it is, is not asked."""
    program = ctx.proc.program_name(pid)  # first, since of most processes it says enough
    if program not in ("sleep", *_OF_MANY, None) or ctx.proc.process(pid) is None:
        return False
    arguments = ctx.proc.cmdline(pid) or ("",)
    program = program or arguments[0].rpartition("/")[2]
    if program in _OF_MANY:
        return ctx.proc.comm(pid) == "sleep" or "sleep" in arguments[1:2]
    return program == "sleep"
