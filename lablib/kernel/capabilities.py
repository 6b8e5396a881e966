"""Capabilities by name, and giving them up for good. Source: capabilities(7), include/uapi/linux/capability.h."""

from __future__ import annotations

from lablib.kernel import syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Cap:
    """The kernel's numbers."""

    CHOWN = 0
    DAC_OVERRIDE = 1
    DAC_READ_SEARCH = 2
    FOWNER = 3
    FSETID = 4
    KILL = 5
    SETGID = 6
    SETUID = 7
    SETPCAP = 8
    LINUX_IMMUTABLE = 9
    NET_BIND_SERVICE = 10
    NET_BROADCAST = 11
    NET_ADMIN = 12
    NET_RAW = 13
    IPC_LOCK = 14
    IPC_OWNER = 15
    SYS_MODULE = 16
    SYS_RAWIO = 17
    SYS_CHROOT = 18
    SYS_PTRACE = 19
    SYS_PACCT = 20
    SYS_ADMIN = 21
    SYS_BOOT = 22
    SYS_NICE = 23
    SYS_RESOURCE = 24
    SYS_TIME = 25
    SYS_TTY_CONFIG = 26
    MKNOD = 27
    LEASE = 28
    AUDIT_WRITE = 29
    AUDIT_CONTROL = 30
    SETFCAP = 31
    MAC_OVERRIDE = 32
    MAC_ADMIN = 33
    SYSLOG = 34
    WAKE_ALARM = 35
    BLOCK_SUSPEND = 36
    AUDIT_READ = 37
    PERFMON = 38
    BPF = 39
    CHECKPOINT_RESTORE = 40


def last_cap(path: str = "/proc/sys/kernel/cap_last_cap") -> int:
    """The highest capability this kernel knows. Raises OSError."""
    with open(path, encoding="ascii") as file:
        return int(file.read())


def give_up(dropped: Iterable[int]) -> None:
    """Removes `dropped` from the bounding set and from this thread, so that neither it nor anything it executes can
    have them again, set-user-ID programs and file capabilities included. Raises OSError.

    Both are needed: the bounding set limits what execve(2) grants, not what the thread holds already.
    """
    gone = set(dropped)
    last = last_cap()
    _, held, _ = syscalls.capget()  # root of a container has not all there are
    kept = held & sum(1 << cap for cap in range(last + 1) if cap not in gone)
    for cap in gone:
        if cap <= last:
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, cap)
    syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_CLEAR_ALL)
    syscalls.capset(kept, kept, 0)
