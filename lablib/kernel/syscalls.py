"""Wrappers of the system calls that Python's `os` lacks, named exactly like the calls. Each raises OSError.

Source: the call's page in section 2 of the manual. Standard library only, and little of it: a guest's first process
and its keeper wait for what is imported here.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    StrPath = str | Path

_libc = ctypes.CDLL(None, use_errno=True)

_NUMBERS = {
    # Calls without a wrapper in every glibc that Python 3.11 runs on, and those that filters of ours name.
    "x86_64": {"execve": 59, "pivot_root": 155, "keyctl": 250, "finit_module": 313, "seccomp": 317},
    "aarch64": {"execve": 221, "pivot_root": 41, "keyctl": 219, "finit_module": 273, "seccomp": 277},
}

# The newer calls have one number on every architecture.
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446

# unshare(2), setns(2)
CLONE_FS = 0x00000200
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# mount(2)
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_PRIVATE = 1 << 18

# umount2(2)
MNT_DETACH = 2

# prctl(2)
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

# reboot(2)
LINUX_REBOOT_CMD_POWER_OFF = 0x4321FEDC

_CAPABILITY_VERSION_3 = 0x20080522


def oserror(call: str, subject: StrPath = "") -> OSError:
    """The OSError for the errno that the last call left, naming the call and what it was about."""
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}", str(subject) or None)


def number_of(call: str) -> int:
    """The system call number of `call` on this machine. Raises OSError(ENOSYS) on an architecture we do not know."""
    try:
        return _NUMBERS[os.uname().machine][call]
    except KeyError:
        ctypes.set_errno(38)
        raise oserror(call, os.uname().machine) from None


def syscall(call: str, number: int, *arguments: object, subject: StrPath = "") -> int:
    """syscall(2), with integers passed as `long`."""
    longs = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = _checked(_libc.syscall, call, subject, ctypes.c_long(number), *longs)
    return result


def mount(source: StrPath, target: StrPath, fstype: str, flags: int = 0, data: str = "") -> None:
    """mount(2)."""
    _checked(
        _libc.mount,
        "mount",
        target,
        os.fsencode(source),
        os.fsencode(target),
        fstype.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )


def umount2(target: StrPath, flags: int = 0) -> None:
    """umount2(2)."""
    _checked(_libc.umount2, "umount2", target, os.fsencode(target), flags)


def pivot_root(new_root: StrPath, put_old: StrPath) -> None:
    """pivot_root(2). `pivot_root(".", ".")` stacks the old root on the new one, ready to be detached."""
    syscall("pivot_root", number_of("pivot_root"), os.fsencode(new_root), os.fsencode(put_old), subject=new_root)


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare, "unshare", "", flags)


def setns(descriptor: int, nstype: int = 0) -> None:
    """setns(2)."""
    _checked(_libc.setns, "setns", "", descriptor, nstype)


def prctl(option: int, *arguments: int) -> int:
    """prctl(2)."""
    padded = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    result: int = _checked(_libc.prctl, "prctl", "", option, *padded)
    return result


def set_name(name: str) -> None:
    """PR_SET_NAME: what `comm` shows for this thread; the kernel keeps 15 bytes."""
    _checked(_libc.prctl, "prctl", "", PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def set_cmdline(text: str) -> None:
    """Writes `text` over this process's own arguments, which is what /proc/PID/cmdline and ps(1) show; it is cut to
    their length. Source: proc(5), fields arg_start and arg_end of /proc/PID/stat. Raises OSError."""
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as stat:
        fields = stat.read().rpartition(") ")[2].split()
    start, end = int(fields[48 - 3]), int(fields[49 - 3])
    ctypes.memmove(start, text.encode()[: end - start - 1].ljust(end - start, b"\0"), end - start)


def capget() -> tuple[int, int, int]:
    """capget(2) of this thread: the effective, permitted and inheritable capabilities, as masks of 64 bits."""
    header, data = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    _checked(_libc.capget, "capget", "", ctypes.byref(header), ctypes.byref(data))
    low, high = data[:3], data[3:]
    return low[0] | high[0] << 32, low[1] | high[1] << 32, low[2] | high[2] << 32


def capset(effective: int, permitted: int, inheritable: int) -> None:
    """capset(2) for this thread; each argument is a 64-bit mask of capabilities."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    words = [mask >> shift & 0xFFFFFFFF for shift in (0, 32) for mask in (effective, permitted, inheritable)]
    data = (ctypes.c_uint32 * 6)(*words)
    _checked(_libc.capset, "capset", "", ctypes.byref(header), ctypes.byref(data))


def sethostname(name: str) -> None:
    """sethostname(2)."""
    encoded = name.encode()
    _checked(_libc.sethostname, "sethostname", name, encoded, ctypes.c_size_t(len(encoded)))


def finit_module(path: StrPath) -> None:
    """finit_module(2): loads a kernel module; one that is loaded already is no error."""
    with open(path, "rb") as module:
        try:
            syscall("finit_module", number_of("finit_module"), module.fileno(), b"", 0, subject=path)
        except FileExistsError:
            pass


def reboot(command: int) -> None:
    """reboot(2)."""
    _checked(_libc.reboot, "reboot", "", command)


def _checked(function: Callable[..., int], call: str, subject: StrPath, *arguments: object) -> int:
    result = function(*arguments)
    if result < 0:
        raise oserror(call, subject)
    return result
