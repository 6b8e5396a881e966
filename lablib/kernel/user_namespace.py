"""A user namespace to be root in, without being root: user_namespaces(7), newuidmap(1), subuid(5)."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from lablib.kernel import syscalls

_HELPERS = {"uid_map": ("newuidmap", "/etc/subuid"), "gid_map": ("newgidmap", "/etc/subgid")}


def enter() -> None:
    """Enters a new one, where we are root, with every id that /etc/subuid and /etc/subgid give us, or with our own
    alone. For a process of one thread. Raises OSError where none can be had."""
    own = {"uid_map": os.geteuid(), "gid_map": os.getegid()}
    helper, go = _fork_helper(own)
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER)
    finally:
        os.close(go)
        os.waitpid(helper, 0)
    for name, own_id in own.items():
        if not Path(f"/proc/self/{name}").read_text():
            if name == "gid_map":
                Path("/proc/self/setgroups").write_text("deny")  # else nobody may map groups without privilege
            Path(f"/proc/self/{name}").write_text(f"0 {own_id} 1")
    if Path("/proc/self/setgroups").read_text() == "allow\n":
        os.setgroups([])  # ours have no id there


def id_count() -> int:
    """How many user ids there are in our user namespace."""
    return sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines())


def _fork_helper(own: dict[str, int]) -> tuple[int, int]:
    """A child that stays outside: it maps what it can for us, once what is returned beside its pid is closed. Only who
    is outside may map ids that are not ours, with the programs that are privileged to."""
    me, (went, go) = os.getpid(), os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            os.close(go)
            os.read(went, 1)
            for name, (program, file) in _HELPERS.items():
                if (more := subordinate(file, os.geteuid())) and shutil.which(program):
                    numbers = ["0", str(own[name]), "1", *more]
                    quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]  # without it we have one id
                    os.posix_spawnp(program, [program, str(me), *numbers], os.environ, file_actions=quiet)
                    os.wait()
        finally:
            os._exit(0)
    os.close(went)
    return pid, go


def lacking_for_ids(uid: int) -> list[str]:
    """What the user `uid` lacks to have more ids than one: programs, and files that give them none."""
    return [
        name
        for program, file in _HELPERS.values()
        for name, there in ((program, shutil.which(program)), (file, subordinate(file, uid)))
        if not there
    ]


def subordinate(file: str, uid: int) -> list[str]:
    """What `file`, as in subuid(5), gives the user `uid`, as newuidmap(1) takes it: first inside, first outside, how
    many, and so on. Nothing where it cannot be read or that user is in there by no name."""
    try:
        lines = Path(file).read_text("utf-8", "replace").splitlines()
        names = {str(uid), pwd.getpwuid(uid).pw_name}
    except (OSError, KeyError):
        return []
    numbers, inside = [], 1
    for line in lines:
        name, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if name in names and first.isdigit() and count.isdigit():
            numbers += [str(inside), first, count]
            inside += int(count)
    return numbers
