"""The compiled forms of what a machine's agent imports, in one file: made by `pack.py` with the machine's Python, kept
in `$XDG_CACHE_HOME/container-labs/agent` (XDG Base Directory), and made again when one of the files in it has changed.
"""

from __future__ import annotations

import marshal
import subprocess
from pathlib import Path

from lablib.cache import keep, kept
from lablib.errors import MachineError
from lablib.machine import pack
from lablib.machine.agent.start import INDEX_SIZE
from lablib.text import one_line

NAME = "agent"
_PROJECT = Path(__file__).parents[2]
_IMPORTED = tuple(
    f"lablib.machine.agent.{name}"
    for name in ("guest", "emulated", "host", "lab", "loopback", "service", "checks", "work", "prover")
)
_PACK_SECONDS = 20.0
_REASON = 300


def bundle(python: Path) -> bytes:
    """The bundle for a machine that runs on `python`. Raises MachineError where it cannot be made."""
    made = kept(NAME)
    if made is not None and _fits(made, python):
        return made
    command = [str(python), "-ISB", pack.__file__, str(_PROJECT), *_IMPORTED]
    try:
        made = subprocess.run(command, capture_output=True, timeout=_PACK_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", b"") or b"").decode(errors="replace").strip() or str(error)
        reason = one_line(said.splitlines()[-1][:_REASON])
        raise MachineError("no-bundle", python=str(python), reason=reason) from error
    keep(NAME, made)
    return made


def _fits(data: bytes, python: Path) -> bool:
    """Whether `data` was made by `python` from files as they are now."""
    try:
        size = int.from_bytes(data[:INDEX_SIZE], "big")
        stamps, modules = marshal.loads(data[INDEX_SIZE : INDEX_SIZE + size])  # noqa: S302 - nobody else wrote it
        whole = INDEX_SIZE + size + sum(length for _, _, _, length in modules.values()) == len(data)
        ours = str(python) in stamps and pack.__file__ in stamps
        return whole and ours and all(pack.stamp(file) == known for file, known in stamps.items())
    except (OSError, ValueError, TypeError, EOFError, AttributeError):
        return False
