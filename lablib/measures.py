"""What takes minutes to find out of a machine and holds for every machine like it: kept in the cache, under a name that
is the digest of all it depends on."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lablib.cache import keep, kept
from lablib.machine.base import Machine
from lablib.minimize.workload import INTERPRETER

_SECONDS = 10.0
_MAPPED = "print(*{line.split()[-1] for line in open('/proc/self/maps') if '/' in line}, sep='\\n')"


def provide(machine: Machine, order: Mapping[str, Any], measuring: Callable[[], None] | None) -> None:
    """Lets the checks of `machine` know what comes of `order`. What is in no cache is found out now, after a call of
    `measuring`, if there is one: on a machine where nobody but us has done anything yet, for it is believed ever after.
    Raises MachineError."""
    try:
        name = f"measure-{_digest(machine, order)}"
    except (OSError, subprocess.SubprocessError):
        name = ""  # an interpreter that does not start; the checks say so
    known = kept(name) if name else None
    if known is not None:
        machine.know(order, json.loads(known))
    elif measuring:
        measuring()
        outcome = machine.measure(order)
        if name:
            keep(name, json.dumps(outcome).encode())


def _digest(machine: Machine, order: Mapping[str, Any]) -> str:
    """Of the order, the kernel, and the interpreter with every library that it loads."""
    digest = hashlib.sha256(json.dumps(order, sort_keys=True).encode())
    digest.update(machine.identity())
    listed = subprocess.run(
        [INTERPRETER, "-ISEB", "-c", _MAPPED], capture_output=True, text=True, timeout=_SECONDS, check=True, env={}
    )
    for path in sorted(listed.stdout.splitlines()):
        with Path(path).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]
