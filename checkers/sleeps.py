"""What a task means by a `sleep`: the process that it asks for to see where it is, what holds it, or how it ends."""

from __future__ import annotations

from lablib.verdict import Context


def is_sleep(ctx: Context, pid: int) -> bool:
    """Whether `pid` runs sleep(1): its name and its first argument agree, and it is no zombie. Whose it is, is not
    asked."""
    if ctx.proc.comm(pid) != "sleep" or ctx.proc.process(pid) is None:
        return False
    program = (ctx.proc.cmdline(pid) or ("",))[0]
    return program.rpartition("/")[2] in ("sleep", "busybox")
