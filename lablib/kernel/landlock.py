"""Landlock: an unprivileged, inherited limit on what a process may open. Source: landlock(7), the kernel's
Documentation/userspace-api/landlock.rst."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct

from lablib.kernel import syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Rule = tuple[str, int]
    """A path, and what is allowed of it and, where it is a directory, of everything below it: bits of `Access`."""

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1


class Access:
    """LANDLOCK_ACCESS_FS_*."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


READ = Access.EXECUTE | Access.READ_FILE | Access.READ_DIR
_FILE_ONLY = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV
_SINCE = {1: 0x1FFF, 2: Access.REFER, 3: Access.TRUNCATE, 5: Access.IOCTL_DEV}
_NET_SINCE = {4: 0x3}  # bind and connect of TCP: handled without a rule, both are refused
_SCOPE_SINCE = {6: 0x3}  # abstract UNIX sockets and signals stay inside the domain


def abi() -> int:
    """The Landlock ABI of this kernel; 0 where Landlock is not compiled in, switched off or filtered."""
    try:
        return syscalls.syscall(
            "landlock_create_ruleset", syscalls.LANDLOCK_CREATE_RULESET, 0, 0, _CREATE_RULESET_VERSION
        )
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def handled(version: int) -> int:
    """Every right that ABI `version` can refuse."""
    return sum(rights for since, rights in _SINCE.items() if since <= version)


def restrict_self(rules: Iterable[Rule], version: int) -> None:
    """Refuses this process and its children everything that ABI `version` handles and no rule allows. Needs
    no_new_privs. Rules for paths that do not exist are passed over. Raises OSError."""
    rights = handled(version)
    fields = [rights]
    if version >= 4:
        fields.append(sum(bits for since, bits in _NET_SINCE.items() if since <= version))
    if version >= 6:
        fields.append(sum(bits for since, bits in _SCOPE_SINCE.items() if since <= version))
    attribute = ctypes.create_string_buffer(struct.pack(f"{len(fields)}Q", *fields), 8 * len(fields))
    ruleset = syscalls.syscall(
        "landlock_create_ruleset", syscalls.LANDLOCK_CREATE_RULESET, attribute, 8 * len(fields), 0
    )
    try:
        for path, access in rules:
            _add_rule(ruleset, path, access & rights)
        syscalls.syscall("landlock_restrict_self", syscalls.LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _add_rule(ruleset: int, path: str, access: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            access &= _FILE_ONLY  # a rule for a file may not name rights of directories
        if access:
            attribute = ctypes.create_string_buffer(struct.pack("=Qi", access, beneath), 12)
            syscalls.syscall(
                "landlock_add_rule",
                syscalls.LANDLOCK_ADD_RULE,
                ruleset,
                _RULE_PATH_BENEATH,
                attribute,
                0,
                subject=path,
            )
    finally:
        os.close(beneath)
