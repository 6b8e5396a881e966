"""Which kernel a guest boots. What each can do is found by booting it, once, and noted in
`$XDG_CACHE_HOME/container-labs/kernels` (XDG Base Directory) until its file or this machine changes."""

from __future__ import annotations

import functools
import itertools
import json
import os
import subprocess
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from lablib.cache import keep, kept
from lablib.errors import MachineError
from lablib.machine.guest import GuestMachine
from lablib.machine.kernels import Kernel, chosen_name, kernels

NAME = "kernels"
LOOKED_FOR = 3
"""Goes up when agents look for other features than before (`agent.guest`): what was noted then says nothing of them."""
_HELP_SECONDS = 10.0
_SECCOMP_OPTION = b"\nseccomp=<"
"""In what a kernel's `--help` says, where it can run its processes under seccomp (arch/um/os-Linux/start_up.c)."""


class Probe(NamedTuple):
    """What booting a kernel on this machine showed."""

    boots: bool
    said: str = ""
    """The most telling line of the console of one that does not boot."""
    console: tuple[str, ...] = ()
    """And the last lines of it."""
    release: str = ""
    """As uname(2) gives it; for people, never to be compared."""
    seccomp: bool = False
    """Whether it can run with `seccomp=on`: quicker, and for practice only (docs/threat-model.md)."""
    features: tuple[str, ...] = ()


def best() -> tuple[Kernel, Probe]:
    """The kernel that guests boot, and what it can do: the one that was chosen, else of those that boot the quickest,
    then the one that offers most. Raises MachineError where there is none; where none boots it is the first, to say so
    itself."""
    chosen = chosen_name()

    def worth(one: tuple[Kernel, Probe]) -> tuple[bool, bool, bool, int]:
        kernel, probe = one
        return probe.boots, kernel.name == chosen, probe.seccomp, len(probe.features)

    return max(probed(), key=worth)  # of equals the first


def all_noted() -> bool:
    """Whether `best` need boot nothing to answer."""
    try:
        return all(noted(kernel) is not None for kernel in kernels())
    except MachineError:
        return True  # which is the answer


def probed() -> list[tuple[Kernel, Probe]]:
    """Every kernel, and what is noted of it or shows now. Raises MachineError where there is none."""
    found = [(kernel, noted(kernel) or probe(kernel)) for kernel in kernels()]
    if any(probe.boots for _, probe in found):
        return found
    return [(kernel, probe(kernel)) for kernel, _ in found]  # it may have been for want of memory, say


def probe(kernel: Kernel) -> Probe:
    """Boots `kernel` and notes what that showed."""
    try:
        asked = subprocess.run([kernel.program, "--help"], capture_output=True, timeout=_HELP_SECONDS)
        result = _booted(kernel, practice=False)
        if result.boots and _SECCOMP_OPTION in asked.stdout:
            result = result._replace(seccomp=_booted(kernel, practice=True).boots)
    except OSError as error:  # such as ENOEXEC, for another architecture
        result = Probe(False, error.strerror or str(error))
    except subprocess.TimeoutExpired:
        result = Probe(False, f"{kernel.program} --help: no answer")
    _note(kernel, result)
    return result


def noted(kernel: Kernel) -> Probe | None:
    """What was noted of `kernel`, if its file and this machine are as they were then."""
    try:
        return _read()[str(kernel.program)][_stamp(kernel)]
    except (OSError, LookupError):
        return None


def _booted(kernel: Kernel, *, practice: bool) -> Probe:
    try:
        with GuestMachine(kernel, practice=practice) as machine:
            here = machine.capabilities
            offered = [*here.controllers, *(name for name, there in here.features.items() if there)]
            return Probe(True, release=here.release, features=tuple(sorted(offered)))
    except MachineError as error:
        if error.key != "guest-boot":
            raise
        return Probe(False, error.params["reason"], tuple(error.params["console"].splitlines()))


def _stamp(kernel: Kernel) -> str:
    """What changes when the file does, or what it runs on. Raises OSError."""
    status = kernel.program.stat()
    return f"{status.st_mtime_ns} {status.st_size} {_machine()} {LOOKED_FOR}"


@functools.cache
def _machine() -> str:
    """This machine's kernel and processor, on which it depends what boots: a home folder can be on many machines, and
    a virtual machine can move. Raises OSError."""
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        lines = list(itertools.takewhile(str.strip, cpuinfo))  # the first of the processors
    processor = [line for line in lines if line.startswith(("model name", "flags"))]
    described = "\n".join([*os.uname()[2:4], *processor])
    return f"{zlib.crc32(described.encode()):08x}"


def _read() -> dict[str, dict[str, Probe]]:
    """What is noted: by the kernel's path, by its stamp. Anything that is not what we write counts as nothing."""
    try:
        value: Any = json.loads(kept(NAME) or b"{}")
        return {
            str(path): {
                str(stamp): Probe(
                    bool(probe["boots"]),
                    str(probe["said"]),
                    tuple(map(str, probe["console"])),
                    str(probe["release"]),
                    bool(probe["seccomp"]),
                    tuple(map(str, probe["features"])),
                )
                for stamp, probe in stamps.items()
            }
            for path, stamps in value.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _note(kernel: Kernel, probe: Probe) -> None:
    known = {path: stamps for path, stamps in _read().items() if Path(path).exists()}
    try:
        known[str(kernel.program)] = {_stamp(kernel): probe}
    except FileNotFoundError:
        return  # it was removed meanwhile
    value = {path: {stamp: one._asdict() for stamp, one in stamps.items()} for path, stamps in known.items()}
    keep(NAME, json.dumps(value).encode())
