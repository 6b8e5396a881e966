"""The first process of the student's world: it starts programs there for the agent and reaps what they leave.

It is a process of its own, forked before the agent knows the key of the wire: a student who is root may ptrace
whatever is in the world with them, this process and its children included, and must find nothing of use. What it
reports (that a program ended, and how) is believed only as far as a student's own exit status would be.

Requests are marshalled, reports two numbers: datagrams on a SOCK_SEQPACKET pair, with file descriptors riding along as
SCM_RIGHTS. What a student may have forged is thereby no more than numbers.
"""

from __future__ import annotations

import errno
import marshal
import os
import select
import struct
from _socket import AF_UNIX, CMSG_SPACE, MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOCK_SEQPACKET, SOL_SOCKET, socketpair
from _socket import socket as Socket

from lablib.kernel import syscalls
from lablib.machine.agent import beginning

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence
    from typing import Any
else:
    import _signal as signal

# `_socket` and `_signal`, since `socket` and `signal` make enumerations of all their constants first, and a guest's
# shell would wait for it.
NAME = "lab-init"
"""What ps(1) shows as the first process of the student's world."""
MAX_DATAGRAM = 128 * 1024
_READY = b"ready"
_MUST_NOT_END_US = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_REPORT = struct.Struct("ii")
"""The number of a request, and how its program has ended: its exit status, or minus the signal's number."""


class SpawnerClient:
    """The agent's end."""

    def __init__(self, end: Socket) -> None:
        self._end = end
        self._end.setblocking(False)

    def fileno(self) -> int:
        return self._end.fileno()

    def spawn(self, request: dict[str, Any], descriptors: Sequence[int]) -> None:
        """Raises OSError: EMSGSIZE for a request that is too large, EPIPE when the world is gone."""
        rights = struct.pack(f"{len(descriptors)}i", *descriptors)
        self._end.sendmsg([marshal.dumps(request)], [(SOL_SOCKET, SCM_RIGHTS, rights)])

    def report(self) -> tuple[int, int] | None:
        """The next request whose program has ended, and its exit status (minus the signal's number if one ended it);
        None for none now, or one that makes no sense. Raises EOFError when the world is gone."""
        try:
            data = self._end.recv(MAX_DATAGRAM)
        except BlockingIOError:
            return None
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError("the first process of the student's world is gone")
        if len(data) != _REPORT.size:
            return None
        request, status = _REPORT.unpack(data)
        return request, status


def fork_spawner(enter: Callable[[], None]) -> tuple[Socket, int]:
    """Forks the spawner, which calls `enter` to go where it will serve; returns our end, and its pid, once it is there.
    Raises OSError."""
    ours, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
    if pid := os.fork():
        theirs.close()
        if ours.recv(len(_READY)) != _READY:
            raise OSError(errno.ESRCH, "the first process of the student's world did not come up")
        return ours, pid
    try:
        ours.close()
        enter()
        theirs.send(_READY)
        # From here on the agent gets on with its start; nothing runs in the world before `serve`.
        syscalls.set_name(NAME)
        syscalls.set_cmdline(NAME)
        _close_all_but(theirs.fileno())
        serve(theirs)
    except BaseException:
        import traceback

        traceback.print_exc()  # on the machine's console; our side sees the world gone
    finally:
        os._exit(0)


def return_to_own_pids() -> None:
    """What we start from now on is out of the student's reach, as we are (`trials.py`): after unshare(2) with
    CLONE_NEWPID it would live beside the spawner. Raises OSError."""
    with open("/proc/self/ns/pid", "rb", buffering=0) as own:
        syscalls.setns(own.fileno(), syscalls.CLONE_NEWPID)


def _close_all_but(kept: int) -> None:
    """Leaves no descriptor of the agent's, the line above all, where a student can reach it."""
    os.closerange(3, kept)
    os.closerange(kept + 1, 1024)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.close(null)


def serve(end: Socket) -> None:
    """Runs until the agent's end closes. The caller is the first process of a pid namespace."""
    for number in _MUST_NOT_END_US:
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o022)
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    poll = select.poll()
    poll.register(end, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == woken:
                os.read(woken, 4096)
            elif not _start_next(end, running):
                return
        _reap(end, running)


def _start_next(end: Socket, running: dict[int, int]) -> bool:
    data, rights, _, _ = end.recvmsg(MAX_DATAGRAM, CMSG_SPACE(3 * 4), MSG_CMSG_CLOEXEC)
    descriptors = struct.unpack(f"{len(rights[0][2]) // 4}i", rights[0][2]) if rights else ()
    if not data:
        return False
    request = marshal.loads(data)  # noqa: S302 - the agent's
    try:
        running[beginning.begin(request, descriptors)] = request["id"]
    except OSError as error:
        os.write(descriptors[-1], f"labs: {error.filename or 'fork'}: {error.strerror}\n".encode(errors="replace"))
        _send(end, request["id"], beginning.status_of(error))
    for descriptor in descriptors:
        os.close(descriptor)
    return True


def _reap(end: Socket, running: dict[int, int]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if (request := running.pop(pid, None)) is not None:
            _send(end, request, os.waitstatus_to_exitcode(status))


def _send(end: Socket, request: int, status: int) -> None:
    end.send(_REPORT.pack(request, status))
