"""Who has a terminal, and whether it waits: how a step without an end is known to want the reader's keys."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lablib.kernel.procfs import ProcFS

NOBODY = ("", False)
WAITS_FOR_KEYS = (
    "n_tty_read",
    "do_select",
    "do_sys_poll",
    "do_poll",
    "poll_schedule_timeout",
    "ep_poll",
    "do_epoll_wait",
)
"""Functions of the kernel in which a process sleeps until a terminal has something to read (drivers/tty/n_tty.c), or
until one of several files has (fs/select.c, fs/eventpoll.c), which is how editors and line editors wait for keys."""


def foreground(master: int, proc: ProcFS | None = None) -> tuple[str, bool]:
    """The name of the program that leads the foreground process group of the terminal behind `master`, and whether a
    process of that group waits for keys. Source: tcgetpgrp(3), ioctl_tty(2)."""
    if proc is None:
        from lablib.kernel.procfs import ProcFS  # the student's first shell need not wait for it

        proc = ProcFS()
    try:
        (group,) = struct.unpack("i", fcntl.ioctl(master, termios.TIOCGPGRP, bytes(4)))
    except OSError:
        return NOBODY  # the session has ended
    members = [pid for pid in proc.pids() if proc.process_group(pid) == group]
    leader = group if group in members else next(iter(members), None)
    if leader is None:
        return NOBODY
    return proc.comm(leader) or "", any(_waits(proc, pid) for pid in members)


def _waits(proc: ProcFS, pid: int) -> bool:
    return proc.state(pid) == "S" and any(function in _sleeps_in(proc.root / str(pid)) for function in WAITS_FOR_KEYS)


def _sleeps_in(folder: os.PathLike[str]) -> str:
    """The kernel functions it sleeps in, innermost first; only the innermost where the kernel does not tell its stack
    (proc(5): CONFIG_STACKTRACE). A User-Mode Linux kernel tells nothing of use in wchan."""
    for name in ("stack", "wchan"):
        try:
            with open(os.path.join(folder, name), encoding="ascii", errors="replace") as file:
                if functions := file.read(4096):
                    return functions
        except OSError:
            continue
    return ""
