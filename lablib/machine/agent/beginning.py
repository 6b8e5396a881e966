"""How a program begins in the student's world: in a session of its own, on a terminal or pipes, and with nothing else
of the spawner's, which calls this.

What runs on pipes is spawned, as posix_spawn(3) does: the new process borrows the spawner's memory until it executes.
Under User-Mode Linux to copy that memory with fork(2) takes three times as long as all the rest. A terminal is to be
the session's own (TIOCSCTTY in ioctl_tty(2)), and a file is written by no program, so these are forked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence
    from typing import Any
else:
    import _signal as signal  # `signal` makes enumerations of all its constants first, and a shell would wait for it

_TAKEN = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)
"""Signals that the spawner, or its Python, ignores or handles: a program is to have their defaults."""
_NO_ROOM = (errno.EAGAIN, errno.ENOMEM)
_OOM_SCORE = "/proc/self/oom_score_adj"
_SPARED = "-1000"


def begin(request: dict[str, Any], descriptors: Sequence[int]) -> int:
    """Begins what `request` asks for on `descriptors`, a terminal or the three standard ones, which the caller closes.
    Returns its pid. Raises OSError: there is no room for a process, or the program cannot be executed."""
    if "write" in request or request["tty"]:
        return _fork(request, descriptors)
    return _spawn(request["argv"], request["env"], request["cwd"], descriptors)


def status_of(error: OSError) -> int:
    """The exit status for what could not begin, as a shell has it."""
    if error.errno == errno.ENOENT:
        return 127
    return 125 if error.errno in _NO_ROOM else 126


def _spawn(argv: list[str], env: dict[str, str], cwd: str, descriptors: Sequence[int]) -> int:
    _go_to(cwd)
    score = _swap_oom_score("0")
    try:
        program = _find(argv[0], env.get("PATH", os.defpath))
        try:
            return _posix_spawn(program, argv, env, descriptors)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            return _posix_spawn("/bin/sh", ["sh", program, *argv[1:]], env, descriptors)  # as execvp(3) does
    finally:
        _swap_oom_score(score)
        os.chdir("/")  # else a student could not unmount what we are in


def _posix_spawn(program: str, argv: list[str], env: dict[str, str], descriptors: Sequence[int]) -> int:
    # Every other descriptor is close-on-exec: Python opens none otherwise, and those that came are received so.
    actions = [(os.POSIX_SPAWN_DUP2, descriptor, target) for target, descriptor in enumerate(descriptors)]
    return os.posix_spawn(program, argv, env, file_actions=actions, setsid=True, setsigdef=_TAKEN)


def _find(name: str, path: str) -> str:
    """Where `name` is, as execvp(3) looks for it. Raises FileNotFoundError."""
    if "/" in name:
        return name
    candidates = [f"{folder or '.'}/{name}" for folder in path.split(":")]
    for candidate in candidates:
        if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
            return candidate
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def _swap_oom_score(score: str) -> str:
    """Sets this process's oom_score_adj and returns what it was (proc_pid_oom_score_adj(5)). The first process of the
    world is spared by the OOM killer; what it begins must not inherit that. In a user namespace it is not spared, keeps
    what it has, and may not go below that."""
    try:
        with open(_OOM_SCORE, "r+b", buffering=0) as file:
            before = file.read().strip().decode()
            if before != score and _SPARED in (before, score):
                file.write(score.encode())
            return before
    except OSError as error:  # the student has taken /proc away
        sys.stderr.write(f"labs: oom_score_adj: {error.strerror}\n")
        return score


def _go_to(cwd: str) -> None:
    try:
        os.chdir(cwd)
    except OSError:
        os.chdir("/")  # the student may have removed it; the program still runs


def _fork(request: dict[str, Any], descriptors: Sequence[int]) -> int:
    pid = os.fork()
    if pid == 0:
        _become(request, descriptors)
    return pid


def _become(request: dict[str, Any], descriptors: Sequence[int]) -> None:
    """In the child: takes on its terminal or pipes and becomes the program, or writes the file. Never returns."""
    status = 126
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in _TAKEN:
            signal.signal(number, signal.SIG_DFL)
        standard = [descriptors[0]] * 3 if request["tty"] else descriptors
        for target, descriptor in enumerate(standard):
            os.dup2(descriptor, target)
        _swap_oom_score("0")
        if "write" in request:
            _write(request["write"], request["mode"])
            status = 0
        else:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            _go_to(request["cwd"])
            os.execvpe(request["argv"][0], request["argv"], request["env"])
    except OSError as error:
        status = status_of(error)
        name = error.filename or request.get("argv", ["?"])[0]
        os.write(2, f"labs: {name}: {error.strerror}\n".encode(errors="replace"))
    finally:
        os._exit(status)


def _write(path: str, mode: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as target:
        os.fchmod(target.fileno(), mode)
        while data := os.read(0, 1 << 20):
            target.write(data)
