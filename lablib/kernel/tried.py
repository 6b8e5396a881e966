"""What the kernel lets this process do, found by doing it in a child: namespaces and mounts end with that."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from lablib.kernel import seccomp, syscalls
from lablib.kernel.mounts import Overlay, private, tmpfs
from lablib.kernel.user_namespace import enter


def refusal(act: Callable[[], None]) -> str:
    """The errno's name that `act` fails with in a child of ours, such as `EPERM`; empty where it is done."""
    child = os.fork()
    if child == 0:
        number = errno.ENOTRECOVERABLE
        try:
            act()
            number = 0
        except OSError as error:
            number = error.errno or number
        finally:
            os._exit(number)
    _, status = os.waitpid(child, 0)
    number = os.waitstatus_to_exitcode(status)
    return errno.errorcode.get(number, f"{number}") if number else ""


def user_namespace() -> str:
    """Whether one can be had, with rights in it: AppArmor may let it be made and refuse those."""
    return refusal(_enter_user_namespace)


def overlay() -> str:
    """Whether an overlay can be mounted, by root or in a user namespace."""
    return refusal(_mount_overlay)


def seccomp_filter() -> str:
    """Whether a filter can be loaded: seccomp(2)."""
    return refusal(_load_filter)


def _enter_user_namespace() -> None:
    enter()
    syscalls.unshare(syscalls.CLONE_NEWNS)
    private("/").execute()
    tmpfs("/tmp").execute()  # noqa: S108 - nobody else sees it


def _mount_overlay() -> None:
    if os.geteuid() != 0:
        _enter_user_namespace()
    else:
        syscalls.unshare(syscalls.CLONE_NEWNS)
        private("/").execute()
        tmpfs("/tmp").execute()  # noqa: S108
    for name in ("lower", "merged"):
        os.mkdir(f"/tmp/{name}")  # noqa: S108
    Overlay("/tmp/merged", ["/tmp/lower"], "/tmp/upper", "/tmp/work").execute()  # noqa: S108


def _load_filter() -> None:
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.set_mode_filter(seccomp.compile_deny_list([]))
