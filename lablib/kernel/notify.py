"""Answering system calls in place of the kernel: the listener of a filter that says RET_USER_NOTIF, named as
seccomp_unotify(2) names it. Needs Linux 5.6."""

from __future__ import annotations

import fcntl
import struct

from lablib.kernel import syscalls

PIDFD_GETFD = 438
"""One number on every architecture."""

_RECV = 0xC0502100
"""SECCOMP_IOCTL_NOTIF_RECV: _IOWR('!', 0, struct seccomp_notif)."""
_SEND = 0xC0182101
"""SECCOMP_IOCTL_NOTIF_SEND: _IOWR('!', 1, struct seccomp_notif_resp)."""
_NOTIF_SIZE = 80
_ID_PID_NR = struct.Struct("QIIi")
"""The start of struct seccomp_notif: id, pid, flags, and the `nr` of its struct seccomp_data."""
_RESP = struct.Struct("QqiI")
"""struct seccomp_notif_resp: id, val, error, flags."""
_FLAG_CONTINUE = 1


class Notification:
    """A thread that waits in a system call until it is answered."""

    __slots__ = ("id", "number", "tid")

    def __init__(self, notification: int, tid: int, number: int) -> None:
        self.id = notification
        self.tid = tid
        self.number = number


def receive(listener: int) -> Notification:
    """The next that waits; poll(2) says when there is one. Raises OSError, with ENOENT where it was killed before."""
    buffer = bytearray(_NOTIF_SIZE)
    fcntl.ioctl(listener, _RECV, buffer, True)
    notification, tid, _, number = _ID_PID_NR.unpack_from(buffer)
    return Notification(notification, tid, number)


def answer(listener: int, notification: Notification, error: int | None) -> None:
    """Fails the call with the errno `error`, or with None lets the kernel do it. Raises OSError, with ENOENT where who
    waited is gone."""
    flags = _FLAG_CONTINUE if error is None else 0
    fcntl.ioctl(listener, _SEND, _RESP.pack(notification.id, 0, -(error or 0), flags))


def pidfd_getfd(pidfd: int, target: int) -> int:
    """A copy of another process's descriptor `target`, close-on-exec. Raises OSError."""
    return syscalls.syscall("pidfd_getfd", PIDFD_GETFD, pidfd, target, 0)
