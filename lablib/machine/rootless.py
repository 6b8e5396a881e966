"""Whether a user without root may have a lab on this machine itself: in a user namespace, in a scope of cgroups that
their own systemd delegates (user@.service(5))."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lablib.errors import MachineError
from lablib.kernel import tried
from lablib.kernel.cgroup2 import find_cgroup2

NEEDED = "memory"
"""The controller without which hardly a lesson on cgroups works."""


def command() -> list[str]:
    """What starts a program in a scope of its own."""
    return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"]


def environment() -> dict[str, str]:
    """Ours, with what systemd-run(1) finds the user's systemd by: su(1) leaves that of another user, or none."""
    return {**os.environ, "XDG_RUNTIME_DIR": f"/run/user/{os.geteuid()}"}


def hindrance(uid: int, root: Path = Path("/")) -> MachineError | None:
    """Why not, for the user `uid`; None where there may be one. Below `root` lies run."""
    user = str(uid)
    if shutil.which("systemd-run") is None or not (root / f"run/user/{user}/systemd/private").exists():
        return MachineError("host-no-user-systemd", user=user)
    if NEEDED not in delegated(uid):
        return MachineError("host-not-delegated", user=user)
    return MachineError("host-no-userns") if tried.user_namespace() else None


def delegated(uid: int, hierarchy: Path | None = None) -> list[str]:
    """The controllers that the systemd of the user `uid` was given; none where it does not run."""
    hierarchy = hierarchy or find_cgroup2()
    if hierarchy is None:
        return []
    path = hierarchy / f"user.slice/user-{uid}.slice/user@{uid}.service/cgroup.controllers"
    try:
        return path.read_text("ascii").split()
    except OSError:
        return []
