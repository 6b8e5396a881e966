"""Which kernel a guest boots."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lablib.errors import MachineError

PROGRAM = "linux.uml"


def find_kernel() -> Path:
    """The User-Mode Linux kernel: `LABS_GUEST_KERNEL` if set, else Debian's. Raises MachineError."""
    if chosen := os.environ.get("LABS_GUEST_KERNEL"):
        if os.access(chosen, os.X_OK) and Path(chosen).is_file():
            return Path(chosen)
        raise MachineError("guest-kernel-unusable", path=chosen)
    if found := shutil.which(PROGRAM):
        return Path(found)
    raise MachineError("guest-kernel-missing", program=PROGRAM)


def find_python() -> Path:
    """The Python a guest's first process runs on: the system's own, since a guest sees only what lies below /usr.
    Raises MachineError."""
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if os.access(candidate, os.X_OK):
            return Path(candidate)
    raise MachineError("guest-python-missing")
