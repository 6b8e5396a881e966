"""The parameters of each student, drawn from the course's secret: the same for the same student, task and secret, and
telling nothing of another's. HMAC (RFC 2104) with SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from pathlib import Path

from lablib.errors import LabsError
from lablib.parameters import Declared, Values
from lablib.student import canonical

FORM = "container-labs parameters 1"
"""What is drawn otherwise one day says another number."""
LEAST, MOST = 16, 4096
"""Bytes of a secret."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret:
    """What the values are drawn from. It shows itself nowhere."""

    def __init__(self, key: bytes) -> None:
        self.__key = key

    def values(self, student: str, task: str, declared: Declared) -> Values:
        """What the parameters of `task` (`chapter/task`) are for the student with this id."""
        return {
            name: one.drawn(self._number(student, task, name) % one.possibilities) for name, one in declared.items()
        }

    def _number(self, student: str, task: str, name: str) -> int:
        """JSON keeps apart what stands beside one another. Of 256 bits, the rest of a division favours nothing."""
        message = json.dumps([FORM, canonical(student), task, name]).encode()
        return int.from_bytes(hmac.digest(self.__key, message, hashlib.sha256), "big")

    def __reduce__(self) -> str:
        raise TypeError("a secret stays in this process")


def read_secret(path: Path) -> Secret:
    """The secret in the file `path`, without blanks around it. Raises LabsError, also where others may read it: what
    is world-readable in /etc is no secret from a guest."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            key = file.read(MOST + 1).strip() if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        raise LabsError("secret-unreadable", path=str(path), reason=error.strerror or str(error)) from error
    if status.st_mode & _OTHERS:
        raise LabsError("secret-open", path=str(path))
    if not LEAST <= len(key) <= MOST:
        raise LabsError("secret-length", path=str(path), least=LEAST, most=MOST)
    return Secret(key)
