"""The checks of the seccomp chapter.

What can be judged of a filter? The kernel says of a process that it has filters, and how many, but not what they
answer: PTRACE_SECCOMP_GET_FILTER would, and needs a kernel with CONFIG_CHECKPOINT_RESTORE and a process stopped by a
tracer. And what became of a call is known to the caller alone: an exit status, a message, a zombie that SIGSYS killed
can each be made without any filter. So the tasks ask for the filter itself, as the program that the kernel runs, in a
file: what seccomp_export_bpf(3) writes and bwrap(1) reads. A check puts system calls to that program, on a machine that
takes and runs it as the kernel does, and judges its answers. How the program was made, by libseccomp or by hand, in
which order and with how many rules, is nowhere looked at. That a filter was loaded as well is read from
/proc/PID/status, and that it is this one by having the process call what only fails (`lablib.minimize.asked`); what
would kill it is not tried.

Source of the rules they name: seccomp(2), syscall(2), seccomp_rule_add(3), the kernel's
Documentation/userspace-api/seccomp_filter.rst; of the numbers: arch/x86/entry/syscalls.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from functools import lru_cache

from checkers.sleeps import is_sleep
from lablib.kernel import bpf, seccomp
from lablib.verdict import Context, Evidence, Failure, check

FIRST = "~/lab/first.bpf"
NO_USERS = "~/lab/no-users.bpf"
CLOSED = "~/lab/closed.bpf"

X86_64 = seccomp.AUDIT_ARCH["x86_64"]
I386 = 0x40000003
X32 = seccomp.X32_SYSCALL_BIT
EPERM = "ERRNO(EPERM)"
ENOSYS = "ERRNO(ENOSYS)"
ALLOWED = frozenset({"ALLOW", "LOG"})
"""SECCOMP_RET_LOG lets the call through as well, and tells the kernel's log."""
KILLED = frozenset({"KILL_PROCESS", "KILL_THREAD"})

_ACTIONS = {
    0x80000000: "KILL_PROCESS", 0x00000000: "KILL_THREAD", 0x00030000: "TRAP", 0x00050000: "ERRNO",
    0x7FC00000: "USER_NOTIF", 0x7FF00000: "TRACE", 0x7FFC0000: "LOG", 0x7FFF0000: "ALLOW",
}  # fmt: skip
_ACTION_BITS, _DATA_BITS = 0xFFFF0000, 0x0000FFFF

_NUMBERS = {
    "read": 0, "write": 1, "close": 3, "stat": 4, "lseek": 8, "mmap": 9, "brk": 12, "rt_sigaction": 13, "ioctl": 16,
    "getpid": 39, "socket": 41, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "exit": 60, "wait4": 61, "kill": 62,
    "uname": 63, "fcntl": 72, "getcwd": 79, "chdir": 80, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85,
    "unlink": 87, "symlink": 88, "getuid": 102, "mknod": 133, "prctl": 157, "chroot": 161, "mount": 165,
    "sethostname": 170, "setdomainname": 171, "futex": 202, "getdents64": 217, "clock_nanosleep": 230,
    "exit_group": 231, "openat": 257, "mkdirat": 258, "mknodat": 259, "unlinkat": 263, "unshare": 272,
    "pwritev": 296, "setns": 308, "seccomp": 317, "execveat": 322, "clone3": 435,
}  # fmt: skip
"""Of x86-64. Two of them are numbers that mean mkdir and mkdirat elsewhere: 39 and 296 are those of i386."""
_NUMBERS_I386 = {
    "exit": 1, "read": 3, "write": 4, "open": 5, "execve": 11, "getpid": 20, "mkdir": 39, "rmdir": 40, "brk": 45,
    "symlink": 83, "clone": 120, "exit_group": 252, "set_tid_address": 258, "openat": 295, "mkdirat": 296,
}  # fmt: skip
_MKDIRS = ("mkdir", "mkdirat")
MOST_ASKED = 4
"""Processes that are asked for the answers of their filters."""

CLONE_NEWUSER = 0x10000000
_NEW_USERS = {
    "unshare(CLONE_NEWUSER)": ("unshare", 0x10000000),
    "unshare(CLONE_NEWUSER|CLONE_NEWNS)": ("unshare", 0x10020000),
    "clone(CLONE_NEWUSER|SIGCHLD)": ("clone", 0x10000011),
    "clone(CLONE_NEWUSER|CLONE_NEWPID|SIGCHLD)": ("clone", 0x30000011),
    # clone(2) of the kernel takes the low 32 bits of its flags and drops the rest.
    "clone(1<<32|CLONE_NEWUSER|SIGCHLD)": ("clone", 0x1_10000011),
}
_OTHER_FLAGS = {
    "unshare(0)": ("unshare", 0),
    "unshare(CLONE_NEWUTS)": ("unshare", 0x04000000),
    "unshare(CLONE_NEWNS|CLONE_NEWPID)": ("unshare", 0x20020000),
    "clone(SIGCHLD)": ("clone", 0x11),
    "clone(CLONE_NEWPID|SIGCHLD)": ("clone", 0x20000011),
    "clone(CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD)": ("clone", 0x01200011),
    "clone(CLONE_VM|CLONE_THREAD|…)": ("clone", 0x003D0F00),
}


# seccomp/first-filter


@check(task="seccomp/first-filter")
def mkdir_fails_with_eperm(ctx: Context) -> Evidence:
    """mkdir and mkdirat fail with EPERM."""
    return _refuses_mkdirs(ctx, FIRST)


@check(task="seccomp/first-filter")
def sethostname_kills(ctx: Context) -> Evidence:
    """sethostname kills the process."""
    answer = _answer(ctx, FIRST, _call("sethostname"))
    if answer == "KILL_PROCESS":
        return Evidence(FIRST, f"sethostname: {answer}")
    if answer == "KILL_THREAD":
        key = "seccomp.kills-a-thread"
    else:
        key = "seccomp.lets-through" if answer in ALLOWED else "seccomp.does-not-kill"
    raise _failure(key, FIRST, "sethostname", "KILL_PROCESS", answer)


@check(task="seccomp/first-filter")
def all_else_is_allowed(ctx: Context) -> None:
    """Every other call is allowed."""
    _allows_others(ctx, FIRST, (*_MKDIRS, "sethostname"))


@check(task="seccomp/first-filter")
def sleep_runs_under_it(ctx: Context) -> Evidence:
    """A running `sleep` is under that filter."""
    modes = {pid: (ctx.proc.status(pid) or {}).get("Seccomp", "0") for pid in _sleeps(ctx)}
    evidence = [_mode_evidence(ctx, pid, mode) for pid, mode in modes.items()]
    if under := [pid for pid, mode in modes.items() if mode == "2"]:
        return _mode_evidence(ctx, _under_that_one(ctx, under[:MOST_ASKED]), "2")
    if not modes:
        raise Failure("seccomp.no-sleep", expected="sleep", actual="-", evidence=[Evidence("/proc/*/comm", "-")])
    pid, mode = next(iter(modes.items()))
    raise Failure(
        "seccomp.not-loaded",
        expected="Seccomp: 2",
        actual=f"Seccomp: {mode}",
        evidence=evidence,
        pid=ctx.proc.shown_pid(pid),
        mode=mode,
    )


def _under_that_one(ctx: Context, pids: list[int]) -> int:
    """Which of `pids` answers mkdir and mkdirat as they must be answered; the first where nobody can be asked. Raises
    Failure where all answer otherwise. A file that would answer otherwise itself is told by the check for that."""
    if ctx.trials is None or os.uname().machine != "x86_64" or _refused_otherwise(ctx):
        return pids[0]
    born = [process.start_time for pid in pids if (process := ctx.proc.process(pid))]
    order = {"kind": "loaded", "pids": pids, "born": born, "calls": [_NUMBERS[name] for name in _MKDIRS]}
    found = ctx.trials.found(order, instead_of="seccomp/first-filter")
    if found is None:
        raise Failure("seccomp.being-tried", expected="", actual="")
    answers = dict(zip(pids, found["answers"], strict=True))
    for pid, answer in answers.items():
        if answer == [-errno.EPERM] * len(_MKDIRS):
            return pid
    pid, answer = next(iter(answers.items()))
    names = [errno.errorcode.get(-result, str(result)) for result in answer or ()]
    said = ", ".join(f"{name}: {result}" for name, result in zip(_MKDIRS, names, strict=False)) or "-"
    shown = ctx.proc.shown_pid(pid)
    raise Failure(
        "seccomp.another-filter",
        expected=", ".join(f"{name}: EPERM" for name in _MKDIRS),
        actual=said,
        evidence=[Evidence(f"sleep ({shown})", said)],
        pid=shown,
        answers=said,
    )


def _refused_otherwise(ctx: Context) -> bool:
    try:
        return any(_answer(ctx, FIRST, _call(name)) != EPERM for name in _MKDIRS)
    except Failure:
        return True


# seccomp/no-users


@check(task="seccomp/no-users")
def new_user_namespaces_are_refused(ctx: Context) -> Evidence:
    """unshare and clone with CLONE_NEWUSER fail with EPERM."""
    for shown, (name, flags) in _NEW_USERS.items():
        answer = _answer(ctx, NO_USERS, _call(name, flags))
        if answer == EPERM:
            continue
        plain = _answer(ctx, NO_USERS, _call(name, CLONE_NEWUSER))
        if answer in ALLOWED:
            key = "seccomp.only-that-value" if plain == EPERM else "seccomp.new-users-allowed"
        else:
            key = "seccomp.kills-instead" if answer in KILLED else "seccomp.another-answer"
        raise _failure(key, NO_USERS, shown, EPERM, answer)
    return Evidence(NO_USERS, f"{next(iter(_NEW_USERS))}: {EPERM}")


@check(task="seccomp/no-users")
def clone3_is_as_if_it_did_not_exist(ctx: Context) -> Evidence:
    """clone3 fails with ENOSYS."""
    answer = _answer(ctx, NO_USERS, _call("clone3"))
    if answer == ENOSYS:
        return Evidence(NO_USERS, f"clone3: {answer}")
    key = "seccomp.clone3-allowed" if answer in ALLOWED else "seccomp.clone3-breaks-threads"
    raise _failure(key, NO_USERS, "clone3", ENOSYS, answer)


@check(task="seccomp/no-users")
def other_flags_are_allowed(ctx: Context) -> None:
    """unshare and clone without CLONE_NEWUSER, and every other call, are allowed."""
    for shown, (name, flags) in _OTHER_FLAGS.items():
        answer = _answer(ctx, NO_USERS, _call(name, flags))
        if answer not in ALLOWED:
            raise _failure("seccomp.flags-not-looked-at", NO_USERS, shown, "ALLOW", answer)
    _allows_others(ctx, NO_USERS, ("unshare", "clone", "clone3"))


# seccomp/no-holes


@check(task="seccomp/no-holes")
def mkdir_is_refused(ctx: Context) -> Evidence:
    """On x86-64, mkdir and mkdirat fail with EPERM, and all else is allowed."""
    evidence = _refuses_mkdirs(ctx, CLOSED)
    _allows_others(ctx, CLOSED, _MKDIRS)
    return evidence


@check(task="seccomp/no-holes")
def mkdir_is_refused_to_i386(ctx: Context) -> Evidence:
    """On i386, mkdir and mkdirat fail with EPERM, and all else is allowed."""
    for name in sorted(_NUMBERS_I386, key=lambda name: name not in _MKDIRS):
        number, wanted = _NUMBERS_I386[name], EPERM if name in _MKDIRS else "ALLOW"
        answer = _answer(ctx, CLOSED, bpf.Call(number, I386))
        if answer == wanted or (wanted == "ALLOW" and answer in ALLOWED):
            continue
        if answer in ALLOWED:
            key = "seccomp.i386-hole"
        elif answer in KILLED:
            key = "seccomp.i386-killed"
        else:
            key = "seccomp.another-answer" if name in _MKDIRS else "seccomp.i386-refused"
        raise _failure(key, CLOSED, f"{name} (i386: {number})", wanted, answer, number=number)
    return Evidence(CLOSED, f"mkdir (i386: {_NUMBERS_I386['mkdir']}): {EPERM}")


@check(task="seccomp/no-holes")
def mkdir_is_refused_to_x32(ctx: Context) -> Evidence:
    """Through x32, neither mkdir nor mkdirat is allowed."""
    for name in _MKDIRS:
        call = _call(name)._replace(number=_NUMBERS[name] | X32)
        answer = _answer(ctx, CLOSED, call)
        if answer in ALLOWED | {"TRACE", "USER_NOTIF"}:
            shown = f"{name} (x32: {call.number:#x})"
            raise _failure("seccomp.x32-hole", CLOSED, shown, EPERM, answer, number=f"{call.number:#x}")
    return Evidence(CLOSED, f"mkdir (x32: {_NUMBERS['mkdir'] | X32:#x}): {answer}")


# What the checks share


def _refuses_mkdirs(ctx: Context, path: str) -> Evidence:
    for name in _MKDIRS:
        answer = _answer(ctx, path, _call(name))
        if answer == EPERM:
            continue
        if answer in ALLOWED:
            key = "seccomp.another-door" if name == "mkdirat" else "seccomp.lets-through"
        else:
            key = "seccomp.kills-instead" if answer in KILLED else "seccomp.another-answer"
        raise _failure(key, path, name, EPERM, answer)
    return Evidence(path, ", ".join(f"{name}: {EPERM}" for name in _MKDIRS))


def _allows_others(ctx: Context, path: str, but: Iterable[str]) -> None:
    for name in _NUMBERS:
        if name not in but and (answer := _answer(ctx, path, _call(name))) not in ALLOWED:
            raise _failure("seccomp.refuses-others", path, name, "ALLOW", answer)


def _failure(key: str, path: str, call: str, expected: str, actual: str, **params: str | int) -> Failure:
    evidence = [Evidence(path, f"{call}: {actual}")]
    return Failure(
        key, expected=expected, actual=actual, evidence=evidence, call=call, answer=actual, path=path, **params
    )


def _call(name: str, *arguments: int) -> bpf.Call:
    return bpf.Call(_NUMBERS[name], X86_64, arguments)


def _answer(ctx: Context, path: str, call: bpf.Call) -> str:
    """How the filter in `path` answers `call`, such as `ERRNO(EPERM)`."""
    try:
        data = ctx.files.read(path.replace("~/lab", ctx.work_folder, 1))
    except OSError as error:
        raise Failure(
            "seccomp.no-file",
            expected=path,
            actual="-",
            evidence=[Evidence(path, errno.errorcode.get(error.errno or 0, "-"))],
            path=path,
        ) from error
    try:
        return _named(_filter(data).answer(call))
    except ValueError as error:
        raise Failure(
            "seccomp.not-a-filter",
            expected="struct sock_filter[]",
            actual=str(error),
            evidence=[Evidence(path, data[:16].hex(" ") or "-")],
            path=path,
        ) from error


class _Filter:
    """A program with the answers it has given: a task is looked at again and again while its file stays as it is, and a
    filter may be 4096 instructions long."""

    def __init__(self, data: bytes) -> None:
        self._program = bpf.decode(data)
        self._answers: dict[bpf.Call, int] = {}

    def answer(self, call: bpf.Call) -> int:
        if call not in self._answers:
            self._answers[call] = bpf.run(self._program, call)
        return self._answers[call]


_filter = lru_cache(maxsize=8)(_Filter)


def _named(returned: int) -> str:
    """An action the kernel does not know kills the process (seccomp(2)); the number of an errno is cut to 4095."""
    action = _ACTIONS.get(returned & _ACTION_BITS, "KILL_PROCESS")
    if action != "ERRNO":
        return action
    number = min(returned & _DATA_BITS, 4095)
    return f"ERRNO({errno.errorcode.get(number, number)})"


def _sleeps(ctx: Context) -> list[int]:
    """The student's."""
    return [pid for pid in ctx.proc.pids() if is_sleep(ctx, pid) and ctx.proc.is_shown(pid)]


def _mode_evidence(ctx: Context, pid: int, mode: str) -> Evidence:
    return Evidence(f"/proc/{ctx.proc.shown_pid(pid)}/status", f"Seccomp: {mode}")
