"""What a guest's kernel process may do to the machine it runs on: read programs and its own code, write its memory file
while it starts, and nothing else. Its user is root in the guest and may be hostile; see docs/threat-model.md.

Landlock decides what can be opened, a seccomp deny-list closes what Landlock leaves (metadata, sockets, other
processes), and limits bound the rest. No privilege is needed for any of it.
"""

from __future__ import annotations

import errno
import os
import random
import resource
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lablib.kernel import landlock, seccomp
from lablib.kernel.landlock import Access
from lablib.machine.syscall_numbers import NUMBERS

if TYPE_CHECKING:
    from lablib.machine.keeper import Cell

TRUNCATE_ABI = 3
"""The Landlock ABI that knows truncation; below it seccomp has to refuse it."""

PROGRAM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
PROC_FILES = ("/proc/cpuinfo", "/proc/meminfo")
PROCESSES = 3000
"""Host processes of one guest, where it has a uid of its own; the guest stops a fork bomb well before."""

_UIDS = (0x6C000000, 0x10000)
"""The range from which a guest started by root takes a uid of its own."""
_ADDRESS_SPACE = 8 << 30
_FILE_SLACK = 4 << 30

_METADATA = (
    "chmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat",
    "utimensat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr",
    "removexattrat", "file_setattr",
)  # fmt: skip
_MOUNTS = (
    "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "move_mount", "fsopen", "fsconfig",
    "fsmount", "mount_setattr",
)  # fmt: skip
_SYSTEM = (
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff",
    "bpf", "perf_event_open", "acct", "quotactl", "settimeofday", "clock_settime", "sethostname", "setdomainname",
    "add_key", "request_key", "keyctl", "open_by_handle_at",
    "io_uring_setup",  # its calls would pass this filter by
)  # fmt: skip
_OTHERS = (
    "socket", "connect", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_getfd", "pidfd_send_signal",
)  # fmt: skip


class Confinement(NamedTuple):
    """Limits for one guest's kernel process."""

    readable: tuple[str, ...]
    """What the guest needs beside the host's programs: its kernel, and the folder with its code."""
    writable: tuple[str, ...]
    """Folders for its memory file and pid file. They are removed once the guest is up."""
    memory: int
    """Bytes of the guest's memory."""
    landlock_abi: int
    """As probed, or less; 0 leaves the file system open, which is only ever for practice."""
    uid: int | None = None
    """A uid of the guest's own, where root starts it."""
    devices: tuple[str, ...] = ()
    """Devices that it works with, beside those that hold nothing; where it has a uid of its own, also their groups."""

    def cell(self, parent: int) -> Cell:
        """These limits as what the process does to itself. `parent` is its parent's pid, which it must not signal.
        Raises OSError."""
        machine, groups = os.uname().machine, {os.stat(device).st_gid for device in self.devices}
        program = seccomp.compile_deny_list(deny_list(self.landlock_abi, parent, machine), machine)
        rules = list(self.rules()) if self.landlock_abi else []
        return {
            "limits": list(self._limits()),
            "landlock_abi": self.landlock_abi,
            "rules": rules,
            "uid": self.uid,
            "groups": [group for group in groups if group],  # root's own opens more than a device
            "filter": program,
        }

    def rules(self) -> Iterator[landlock.Rule]:
        """The read allow-list, and the folders it may write."""
        for path in (*PROGRAM_FOLDERS, *self.readable):
            yield path, landlock.READ
        yield from world_readable("/etc")
        for path in DEVICES:
            yield path, Access.READ_FILE | Access.WRITE_FILE
        for path in self.devices:
            yield path, Access.READ_FILE | Access.WRITE_FILE | Access.IOCTL_DEV
        for path in PROC_FILES:
            yield path, Access.READ_FILE
        yield "/proc/self", landlock.READ  # resolved by the process itself, so this one only
        for path in self.writable:
            yield path, landlock.handled(self.landlock_abi)

    def _limits(self) -> Iterator[tuple[int, int]]:
        yield resource.RLIMIT_CORE, 0
        yield resource.RLIMIT_FSIZE, self.memory + _FILE_SLACK
        yield resource.RLIMIT_AS, self.memory + _ADDRESS_SPACE
        if self.uid is not None:
            yield resource.RLIMIT_NPROC, PROCESSES


def own_uid() -> int | None:
    """A uid for this guest alone, where we are root and the user namespace has it; else the overflow uid. None where
    we are an ordinary user."""
    if os.geteuid() != 0:
        return None
    first, count = _UIDS
    uid = first + os.getpid() % count + random.randrange(count)  # noqa: S311
    with open("/proc/self/uid_map", encoding="ascii") as uid_map:
        for line in uid_map:
            inside, _, length = map(int, line.split())
            if inside <= uid < inside + length:
                return uid
    return 65534


def world_readable(folder: str) -> Iterator[landlock.Rule]:
    """Rules for what anyone on this machine may read below `folder`, and for the names in it. A whole tree is one
    rule where nothing in it is private."""
    yield folder, Access.READ_DIR
    yield from _public_parts(folder)[1]


def deny_list(landlock_abi: int, parent: int, machine: str) -> list[seccomp.Rule]:
    """What a guest's kernel never needs and must not be made to do, on a processor that uname(2) calls `machine`.
    `parent` is a process it must not signal. Raises OSError on one that is not known."""
    numbers = NUMBERS.get(machine)
    if numbers is None:
        raise OSError(errno.ENOSYS, f"no guest can be confined on {machine}")

    def refuse(names: Iterable[str], action: int, **more: Any) -> list[seccomp.Rule]:
        return [seccomp.Rule(numbers[name], action, **more) for name in names if name in numbers]

    refused = seccomp.errno_return(errno.EPERM)
    rules = refuse((*_METADATA, *_MOUNTS), seccomp.errno_return(errno.EROFS)) + refuse((*_SYSTEM, *_OTHERS), refused)
    # User-Mode Linux calls fchmod on its own memory file and gives up when that fails.
    rules += refuse(("fchmod",), seccomp.errno_return(0))
    # Landlock keeps signals inside only from ABI 6; below, at least the broadcast and our own side.
    for target in (0, -1, parent, -parent):
        rules += refuse(("kill",), refused, argument=0, mask=target & 0xFFFFFFFF, equals=True)
    if landlock_abi < TRUNCATE_ABI:
        rules += refuse(("truncate", "creat"), refused)
        rules += refuse(("openat2",), seccomp.errno_return(errno.ENOSYS))  # its flags lie behind a pointer
        rules += refuse(("open",), refused, argument=1, mask=os.O_TRUNC)
        rules += refuse(("openat",), refused, argument=2, mask=os.O_TRUNC)
    return rules


def _public_parts(folder: str) -> tuple[bool, Sequence[landlock.Rule]]:
    """Whether everything below `folder` is public, and the rules for the parts that are."""
    whole = True
    parts: list[landlock.Rule] = []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return False, ()
    for entry in entries:
        if entry.is_symlink():
            continue  # the rules of where it points decide
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError:
            whole = False
            continue
        if stat.S_ISDIR(mode):
            public, below = _public_parts(entry.path) if mode & 0o005 == 0o005 else (False, ())
            parts += [(entry.path, landlock.READ)] if public else below
            whole &= public
        elif stat.S_ISREG(mode) and mode & 0o004:
            parts.append((entry.path, Access.READ_FILE | Access.EXECUTE))
        else:
            whole = False
    return whole, parts
