"""What somebody's program loads before it becomes the interpreter: it is started under ptrace(2), and each filter is
read where it is handed to the kernel, at the begin of seccomp(2) or prctl(2).

The kernel would hand filters out as well (PTRACE_SECCOMP_GET_FILTER), and not every kernel does. What a program could
gain by changing one between our look and the kernel's is nothing: what is judged is the program that we read, under an
interpreter that we start. That we missed none is told by the kernel's count of them (proc(5), Seccomp_filters).

All it starts lives in a pid namespace of its own, whose first process is ours: with that ends everything, however it
hid."""

from __future__ import annotations

import os
import resource
import signal
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, NoReturn

from lablib.kernel import bpf, ptrace, seccomp, syscalls
from lablib.kernel.procfs import ProcFS

SECONDS = 30.0
"""What a program may take that makes system calls; on a busy machine that is soon reached."""
STILL_SECONDS = 5.0
"""What one may that makes none, such as one that waits for something."""
CROWD = 64
"""Processes and threads; more is a program that forks for ever."""

_TICK = 0.5
_PRCTL = 157
_STOPPED_AT_CALL = signal.SIGTRAP | 0x80
_WALL = 0x40000000
_FPROG = struct.Struct("HxxxxxxQ")
_OPTIONS = (
    ptrace.O_TRACESYSGOOD | ptrace.O_TRACEFORK | ptrace.O_TRACEVFORK | ptrace.O_TRACECLONE | ptrace.O_TRACEEXEC
    | ptrace.O_EXITKILL
)  # fmt: skip


class Wanted(NamedTuple):
    """The program that it is to become."""

    argv: Sequence[str]
    environment: Mapping[str, str]


class Captured(NamedTuple):
    """`reason` is empty where it became what was wanted under `loads`; otherwise it says why there are none."""

    loads: tuple[seccomp.Load, ...]
    reason: str = ""
    detail: str = ""


class _OverError(Exception):
    """So many seconds are over. No OSError, which is caught where a process may be gone."""


@dataclass
class _Thread:
    """What is known of a thread of its."""

    loads: tuple[seccomp.Load, ...] = ()
    in_call: bool = False
    number: int = -1
    pending: seccomp.Load | None = None
    """The filter of the call it is in."""
    syncs: bool = False


@dataclass
class _Noticed:
    """What happened on the way; the last in this order is told."""

    loaded: bool = False
    unfiltered: bool = False
    other_program: str = ""
    denied: str = ""
    killed: str = ""
    otherwise: str = ""
    started: bool = False
    failed: int = 0


@dataclass
class _Watch:
    """The threads by their numbers, and what of them was noticed."""

    wanted: Wanted
    first: int
    threads: dict[int, _Thread] = field(default_factory=dict)
    noticed: _Noticed = field(default_factory=_Noticed)
    proc: ProcFS = field(default_factory=ProcFS)
    moved: float = field(default_factory=time.monotonic)
    """When one of them did something last."""

    def is_interpreter(self, program: Path) -> bool:
        """Whether it is the file that we would start, wherever and under which name it lies."""
        real = Path(self.wanted.argv[0])
        return program.stat().st_size == real.stat().st_size and _digest(program) == _digest(real)


def capture(
    argv: Sequence[str],
    environment: Mapping[str, str],
    wanted: Wanted,
    enter: Callable[[], None],
    seconds: float = SECONDS,
) -> Captured:
    """Runs `argv` for at most `seconds`, where and with no more rights than `enter` leads to, and returns what it had
    loaded when it became `wanted`. The caller is root and has no other children. Raises OSError."""
    first = _in_new_pid_namespace(lambda: _keep(argv, environment, enter))
    pidfd = os.pidfd_open(first)
    watch = _Watch(wanted, first)
    try:
        os.waitpid(first, _WALL)
        ptrace.setoptions(first, _OPTIONS)
        ptrace.cont(first)
        with _at_most(seconds, watch):
            return _follow(watch)
    except _OverError as over:
        return Captured((), "hangs", str(over))
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.close(pidfd)
        with suppress(ChildProcessError):
            while True:
                os.waitpid(-1, _WALL)


def _in_new_pid_namespace(become: Callable[[], NoReturn]) -> int:
    """Forks a child that is the first process of a pid namespace; our later children are in ours again."""
    with open("/proc/self/ns/pid", "rb") as own:
        syscalls.unshare(syscalls.CLONE_NEWPID)
        try:
            pid = os.fork()
            if pid == 0:
                become()
        finally:
            syscalls.setns(own.fileno(), syscalls.CLONE_NEWPID)
    return pid


def _keep(argv: Sequence[str], environment: Mapping[str, str], enter: Callable[[], None]) -> NoReturn:
    """In the namespace's first process: starts the program, and reaps. The program may do with it as it likes, through
    /proc/1, so it has given up and closed all that the program must not have before that is there."""
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        enter()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(null, descriptor)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        ptrace.traceme()
        os.kill(os.getpid(), signal.SIGSTOP)
        if os.fork() == 0:
            _become(argv, environment)
        while True:  # for all of them: what is left in the background may still become the interpreter
            os.wait()
    except BaseException:  # no children any more, or no right to do this: our tracer sees us end
        os._exit(1)


def _become(argv: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    status = 127
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        os.execve(argv[0], list(argv), dict(environment))
    except OSError as error:
        status = error.errno or 0
    finally:
        os._exit(status)


@contextmanager
def _at_most(seconds: float, watch: _Watch) -> Iterator[None]:
    """Raises _OverError in what waits longer, or waits for a program that does nothing: waitpid(2) has no limit of its
    own, and poll(2) knows no tracees."""
    until = time.monotonic() + seconds

    def look(number: int, frame: object) -> None:
        for over, limit in ((until, seconds), (watch.moved + STILL_SECONDS, STILL_SECONDS)):
            if time.monotonic() > over:
                raise _OverError(f"{limit:g}")

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _follow(watch: _Watch) -> Captured:
    while True:
        try:
            tid, status = os.waitpid(-1, _WALL)
            watch.moved = time.monotonic()
        except ChildProcessError:
            return _ended(watch)
        if not os.WIFSTOPPED(status):
            _gone(watch, tid, status)
            continue
        try:
            if found := _stopped(watch, tid, status):
                return found
        except (ProcessLookupError, FileNotFoundError):
            continue  # killed in the stop
        if len(watch.threads) > CROWD:
            return Captured((), "forks", str(CROWD))


def _stopped(watch: _Watch, tid: int, status: int) -> Captured | None:
    stop, event = os.WSTOPSIG(status), status >> 16
    if tid == watch.first:
        ptrace.cont(tid, 0 if event or stop == signal.SIGSTOP else stop)
        return None
    is_new = tid not in watch.threads
    thread = watch.threads.setdefault(tid, _Thread())
    deliver = 0
    if event in (ptrace.EVENT_FORK, ptrace.EVENT_VFORK, ptrace.EVENT_CLONE):
        new = watch.threads.setdefault(ptrace.event_message(tid), _Thread())
        new.loads = thread.loads
    elif event == ptrace.EVENT_EXEC:
        before = ptrace.event_message(tid)
        if before != tid and before in watch.threads:  # a thread that calls execve(2) takes its leader's number
            watch.threads[tid] = thread = watch.threads.pop(before)
        if found := _executed(watch, tid, thread):
            return found
    elif stop == _STOPPED_AT_CALL:
        _call(watch, tid, thread)
    elif not event and stop != signal.SIGTRAP and not (stop == signal.SIGSTOP and (is_new or thread.number < 0)):
        deliver = stop
    ptrace.until_syscall(tid, deliver)
    return None


def _call(watch: _Watch, tid: int, thread: _Thread) -> None:
    """At the begin or the end of a system call."""
    thread.in_call = not thread.in_call
    if thread.in_call:
        thread.number = ptrace.call_number(tid)
        thread.pending, thread.syncs = _loading(tid, thread.number)
        return
    result = ptrace.call_result(tid)
    if thread.number == _EXECVE and thread.loads and result < 0:
        watch.noticed.denied = os.strerror(-result)
    if thread.pending and result >= 0:
        watch.noticed.loaded = True
        others = _siblings(watch, tid) if thread.syncs else [tid]
        for other in others:
            watch.threads[other].loads = (*thread.loads, thread.pending)
    thread.pending = None


_EXECVE = syscalls.number_of("execve")
_SECCOMP = syscalls.number_of("seccomp")


def _loading(tid: int, number: int) -> tuple[seccomp.Load | None, bool]:
    """The filter that the call which begins loads, and whether for all threads of its process."""
    if number not in (_SECCOMP, _PRCTL):
        return None, False
    what, how, pointer = ptrace.call_arguments(tid)
    if number == _SECCOMP and what == seccomp.SET_MODE_FILTER:
        syncs = bool(how & seccomp.FILTER_FLAG_TSYNC)
        arguments = (number, what, 0)  # the flags are for other threads and listeners, of which a replay has none
    elif number == _PRCTL and (what, how) == (seccomp.PR_SET_SECCOMP, seccomp.MODE_FILTER):
        syncs, arguments = False, (number, what, how)
    else:
        return None, False
    program = _program(tid, pointer)
    return (seccomp.Load(program, arguments) if program else None), syncs


def _program(tid: int, pointer: int) -> bytes:
    """The filter at `pointer`, a struct sock_fprog; empty for what the kernel will not take either, such as the null
    that libseccomp asks with for what there is."""
    try:
        with open(f"/proc/{tid}/mem", "rb", buffering=0) as memory:
            count, code = _FPROG.unpack(os.pread(memory.fileno(), _FPROG.size, pointer))
            size = count * bpf.INSTRUCTION.size
            data = os.pread(memory.fileno(), size, code) if count <= bpf.MAX_INSTRUCTIONS else b""
    except (OSError, OverflowError, struct.error):
        return b""
    return data if len(data) == size else b""


def _siblings(watch: _Watch, tid: int) -> list[int]:
    """The threads of the process that `tid` is of, as far as they have begun."""
    threads = {int(name) for name in os.listdir(f"/proc/{tid}/task")}
    return [other for other in watch.threads if other in threads]


def _executed(watch: _Watch, tid: int, thread: _Thread) -> Captured | None:
    noticed = watch.noticed
    thread.in_call = True  # the end of execve(2) comes
    if not noticed.started:
        noticed.started = True
        if not thread.loads:
            return None  # it is the program itself
    folder = Path(f"/proc/{tid}")
    argv = (folder / "cmdline").read_bytes().split(b"\0")[:-1]
    is_asked_for = argv == [os.fsencode(word) for word in watch.wanted.argv]
    if not watch.is_interpreter(folder / "exe"):
        if thread.loads or is_asked_for:
            noticed.other_program = os.readlink(folder / "exe")
        return None
    environment = [os.fsencode(f"{name}={value}") for name, value in watch.wanted.environment.items()]
    has = (folder / "environ").read_bytes().split(b"\0")[:-1]
    if not is_asked_for or has != environment:
        if thread.loads:
            shown = [*has, *argv] if is_asked_for else argv
            noticed.otherwise = b" ".join(shown).decode(errors="replace")
        return None
    count = (watch.proc.status(tid) or {}).get("Seccomp_filters", str(len(thread.loads)))
    if count != str(len(thread.loads)):
        return Captured((), "unseen", count)
    if not thread.loads:
        noticed.unfiltered = True
        return None
    return Captured(thread.loads)


def _gone(watch: _Watch, tid: int, status: int) -> None:
    thread = watch.threads.pop(tid, None)
    if thread is None:
        return
    if thread.loads and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS:
        watch.noticed.killed = str(thread.number)
    if not watch.noticed.started and os.WIFEXITED(status):
        watch.noticed.failed = os.WEXITSTATUS(status)


def _ended(watch: _Watch) -> Captured:
    noticed = watch.noticed
    if not noticed.started:
        return Captured((), "no-program", os.strerror(noticed.failed))
    for reason, detail in (
        ("other-arguments", noticed.otherwise),
        ("other-program", noticed.other_program),
        ("killed", noticed.killed),
        ("denied", noticed.denied),
        ("unfiltered", "-" if noticed.unfiltered else ""),
        ("not-executed", "-" if noticed.loaded else ""),
    ):
        if detail:
            return Captured((), reason, detail)
    return Captured((), "no-filter")


def _digest(path: Path) -> bytes:
    return sha256(path.read_bytes()).digest()
