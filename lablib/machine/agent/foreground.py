"""Who has a terminal, whether it waits, and for what: how a step without an end is known to want the reader's keys."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lablib.kernel.procfs import ProcFS

NOBODY = ("", False, False)
READS = ("n_tty_read",)
WATCHES = (
    "do_select",
    "do_sys_poll",
    "do_poll",
    "poll_schedule_timeout",
    "ep_poll",
    "do_epoll_wait",
)
"""Functions of the kernel in which a process sleeps until a terminal has something to read (drivers/tty/n_tty.c), or
until one of several files has (fs/select.c, fs/eventpoll.c), which is how editors and line editors wait for keys; but
also how sudo(8) waits for the program it runs."""


def foreground(master: int, proc: ProcFS | None = None) -> tuple[str, bool, bool]:
    """The name of the program that leads the foreground process group of the terminal behind `master`, whether a
    process of that group waits for keys, and whether it gets them one by one, not line by line. Source: tcgetpgrp(3),
    ioctl_tty(2), termios(3)."""
    if proc is None:
        from lablib.kernel.procfs import ProcFS  # the student's first shell need not wait for it

        proc = ProcFS()
    try:
        (group,) = struct.unpack("i", fcntl.ioctl(master, termios.TIOCGPGRP, bytes(4)))
        raw = not termios.tcgetattr(master)[3] & termios.ICANON
    except (OSError, termios.error):
        return NOBODY  # the session has ended
    members = [pid for pid in proc.pids() if proc.process_group(pid) == group]
    leader = group if group in members else next(iter(members), None)
    if leader is None:
        return NOBODY
    parents = {proc.parent(pid) for pid in members}
    waits = any(_sleeps(proc, pid, READS if pid in parents else READS + WATCHES) for pid in members)
    return proc.comm(leader) or "", waits, raw


def _sleeps(proc: ProcFS, pid: int, functions: tuple[str, ...]) -> bool:
    return proc.state(pid) == "S" and any(function in _sleeps_in(proc.root / str(pid)) for function in functions)


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
