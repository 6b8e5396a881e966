"""What becomes the program: from fork(2) to execve(2), with its filters loaded at the last moment."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Mapping, Sequence
from typing import NoReturn

from lablib.kernel import seccomp, syscalls

LISTENER = 3
"""The descriptor of the filter's listener in the child: the lowest that is free."""
_TOLD = 4
"""The pipe that tells the parent how far this is; execve(2) closes it."""

LOADING, FAILED = b"l", b"f"
FAILURE = struct.Struct("<i")
"""What follows FAILED: the errno."""

_libc = ctypes.PyDLL(None)
"""Calls that keep the interpreter's lock: giving it up and taking it again could need a system call of its own."""


class Image:
    """What execve(2) takes, laid out before the filter is there."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self.path = os.fsencode(argv[0])
        self.argv = _vector([os.fsencode(word) for word in argv])
        self.envp = _vector([os.fsencode(f"{name}={value}") for name, value in environment.items()])


def become(image: Image, loads: Sequence[seccomp.Load], output: int, null: int, told: int) -> NoReturn:
    """Never returns: it is the program, or it ends and has told why."""
    try:
        _settle(output, null, told)
        if loads:
            syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
            os.write(_TOLD, LOADING)
        _fail(_load_and_execute(image, loads))
    except OSError as error:
        _fail(error.errno or 0)
    finally:
        os._exit(127)


def _settle(output: int, null: int, told: int) -> None:
    """A session and a process group of its own, three descriptors, no core file, and the signals as a shell leaves
    them."""
    os.setsid()
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    # Python ignores the first two, nohup(1) the third, and a shell the others for what it starts in the background.
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for source, target in ((null, 0), (output, 1), (null, 2)):
        os.dup2(source, target)
    if told != _TOLD:
        os.dup2(told, _TOLD, inheritable=False)
    os.closerange(_TOLD + 1, os.sysconf("SC_OPEN_MAX"))
    os.closerange(LISTENER, LISTENER + 1)


def _load_and_execute(image: Image, loads: Sequence[seccomp.Load]) -> int:
    """Returns the errno, if at all. Between the calls there may be none: a filter might deny it."""
    execve, syscall, get_errno = _libc.execve, _libc.syscall, _libc.__errno_location
    get_errno.restype = ctypes.POINTER(ctypes.c_int)
    path, argv, envp = image.path, image.argv, image.envp
    programs = [seccomp.Fprog(load.program) for load in loads]
    calls = [
        (*map(ctypes.c_long, load.arguments), program.pointer) for load, program in zip(loads, programs, strict=True)
    ]
    free = [bytes(size) for size in range(0, 512, 8) for _ in range(4)]
    del free  # what is allocated from here on needs no memory from the kernel
    for call in calls:
        if syscall(*call) < 0:
            return int(get_errno().contents.value)
    execve(path, argv, envp)
    return int(get_errno().contents.value)


def _fail(error: int) -> NoReturn:
    os.write(_TOLD, FAILED + FAILURE.pack(error))
    os._exit(127)


def _vector(words: list[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * (len(words) + 1))(*words, None)
