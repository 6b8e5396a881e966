"""Keyrings. Source: keyrings(7), keyctl(2)."""

from __future__ import annotations

import ctypes
import errno
import sys

from lablib.kernel import syscalls

_SPEC_SESSION_KEYRING = -3
_SPEC_USER_KEYRING = -4
_JOIN_SESSION_KEYRING = 1
_LINK = 8
_UNLINK = 9
_READ = 11
_GONE = (errno.ENOENT, errno.ENOKEY, errno.EKEYEXPIRED, errno.EKEYREVOKED)
_SERIAL = 4
"""Bytes of a key's number."""


def join_session_keyring() -> None:
    """Gives this process a new session keyring, which ends with the last that has it, and has the user's own in it, as
    after a login (pam_keyinit(8)): else nobody possesses what is there. Raises OSError."""
    if _keyctl(_JOIN_SESSION_KEYRING, 0):
        _keyctl(_LINK, _SPEC_USER_KEYRING, _SPEC_SESSION_KEYRING)


def of_user() -> list[int]:
    """The numbers of the keys in the keyring of our user id, which all its processes in our user namespace have in
    common, and which outlives them. Raises OSError."""
    size = _keyctl(_READ, _SPEC_USER_KEYRING, 0, 0)
    buffer = ctypes.create_string_buffer(size)
    _keyctl(_READ, _SPEC_USER_KEYRING, ctypes.addressof(buffer), size)
    return [int.from_bytes(buffer.raw[at : at + _SERIAL], sys.byteorder) for at in range(0, size, _SERIAL)]


def unlink_of_user(key: int) -> None:
    """Takes `key` out of that keyring; one that is in none is gone, as is one that has expired. Raises OSError."""
    try:
        _keyctl(_UNLINK, key, _SPEC_USER_KEYRING)
    except OSError as error:
        if error.errno not in _GONE:
            raise


def _keyctl(operation: int, *arguments: int) -> int:
    """0 on a kernel without keys."""
    try:
        return syscalls.syscall("keyctl", syscalls.number_of("keyctl"), operation, *arguments)
    except OSError as error:
        if error.errno == errno.ENOSYS:
            return 0
        raise
