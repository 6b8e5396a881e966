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
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lablib.kernel import landlock, seccomp
from lablib.kernel.landlock import Access

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

# x86-64, the only architecture User-Mode Linux has there; arch/x86/entry/syscalls/syscall_64.tbl
_METADATA = {
    "chmod": 90, "fchmodat": 268, "fchmodat2": 452,
    "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260,
    "utime": 132, "utimes": 235, "futimesat": 261, "utimensat": 280,
    "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "setxattrat": 463,
    "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "removexattrat": 466,
    "file_setattr": 469,
}  # fmt: skip
_MOUNTS = {
    "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "mount_setattr": 442,
}  # fmt: skip
_SYSTEM = {
    "kexec_load": 246, "kexec_file_load": 320, "init_module": 175, "finit_module": 313, "delete_module": 176,
    "reboot": 169, "swapon": 167, "swapoff": 168, "bpf": 321, "perf_event_open": 298, "acct": 163, "quotactl": 179,
    "settimeofday": 164, "clock_settime": 227, "sethostname": 170, "setdomainname": 171,
    "add_key": 248, "request_key": 249, "keyctl": 250, "open_by_handle_at": 304,
    "io_uring_setup": 425,  # its calls would pass this filter by
}  # fmt: skip
_OTHERS = {
    "socket": 41, "connect": 42,
    "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_open": 434, "pidfd_getfd": 438,
    "pidfd_send_signal": 424,
}  # fmt: skip
_FCHMOD = 91
_KILL = 62
_TRUNCATE = 76
_OPEN = 2
_OPENAT = 257
_CREAT = 85
_OPENAT2 = 437


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
        """These limits as what the process does to itself. `parent` is its parent's pid, which it must not signal."""
        program = seccomp.compile_deny_list(deny_list(self.landlock_abi, parent), "x86_64")
        rules = list(self.rules()) if self.landlock_abi else []
        return {
            "limits": list(self._limits()),
            "landlock_abi": self.landlock_abi,
            "rules": rules,
            "uid": self.uid,
            "groups": [os.stat(device).st_gid for device in self.devices],
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


def deny_list(landlock_abi: int, parent: int) -> list[seccomp.Rule]:
    """What a guest's kernel never needs and must not be made to do. `parent` is a process it must not signal."""
    read_only = seccomp.errno_return(errno.EROFS)
    refused = seccomp.errno_return(errno.EPERM)
    rules = [seccomp.Rule(number, read_only) for number in (*_METADATA.values(), *_MOUNTS.values())]
    rules += [seccomp.Rule(number, refused) for number in (*_SYSTEM.values(), *_OTHERS.values())]
    # User-Mode Linux calls fchmod on its own memory file and gives up when that fails.
    rules.append(seccomp.Rule(_FCHMOD, seccomp.errno_return(0)))
    # Landlock keeps signals inside only from ABI 6; below, at least the broadcast and our own side.
    for target in (0, -1, parent, -parent):
        rules.append(seccomp.Rule(_KILL, refused, argument=0, mask=target & 0xFFFFFFFF, equals=True))
    if landlock_abi < TRUNCATE_ABI:
        rules += [
            seccomp.Rule(_TRUNCATE, refused),
            seccomp.Rule(_CREAT, refused),
            seccomp.Rule(_OPENAT2, seccomp.errno_return(errno.ENOSYS)),  # its flags lie behind a pointer
            seccomp.Rule(_OPEN, refused, argument=1, mask=os.O_TRUNC),
            seccomp.Rule(_OPENAT, refused, argument=2, mask=os.O_TRUNC),
        ]
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
