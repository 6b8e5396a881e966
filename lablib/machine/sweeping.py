"""Clearing what a user who is not root left on this machine itself: with that user's rights and no others, in a user
namespace where what the lab's other ids own is theirs as well (`agent/host.py`)."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

from lablib.kernel import syscalls, user_namespace
from lablib.machine.agent.clearing import Cleared, sweep
from lablib.machine.agent.journal import folder_of, paths


def sweep_as(uid: int) -> Cleared:
    """Clears the journals of the user `uid`, who is us, or anybody if we are root: a journal names what its user made,
    or says it does. Raises OSError."""
    folder = folder_of(uid)
    if not paths(folder):
        return Cleared()
    answer, end = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _answer(uid, folder, end)
    os.close(end)
    with open(answer, "rb") as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        return Cleared(stayed=[f"{folder}: {said.decode(errors='replace')}"])
    return Cleared(**json.loads(said))


def _answer(uid: int, folder: str, end: int) -> None:
    """In the child. Never returns."""
    status = 1
    try:
        if uid != os.geteuid():
            _become(uid)
        user_namespace.enter()
        os.write(end, json.dumps(asdict(sweep(folder))).encode())
        status = 0
    except OSError as error:
        os.write(end, (error.strerror or "").encode())
    finally:
        os._exit(status)


def _become(uid: int) -> None:
    """From root; raises OSError."""
    group = os.stat(f"/run/user/{uid}").st_gid
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(uid, uid, uid)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # else /proc/self is root's, and so are its maps: proc(5)
