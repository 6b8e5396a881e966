"""The compiled forms of what a machine's agent imports, in one file: made by `pack.py` with the machine's Python, kept
in `$XDG_CACHE_HOME/container-labs/agent` (XDG Base Directory), and made again when one of the files in it has changed.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import tempfile
from pathlib import Path

from lablib.errors import MachineError
from lablib.machine import pack
from lablib.machine.agent.start import INDEX_SIZE
from lablib.state import cache_folder
from lablib.text import one_line

_PROJECT = Path(__file__).parents[2]
_IMPORTED = tuple(
    f"lablib.machine.agent.{name}" for name in ("guest", "host", "lab", "loopback", "service", "checks", "work")
)
_PACK_SECONDS = 20.0
_REASON = 300


def bundle(python: Path) -> bytes:
    """The bundle for a machine that runs on `python`. Raises MachineError where it cannot be made."""
    file = cache_file()
    kept = _kept(file)
    if kept is not None and _fits(kept, python):
        return kept
    command = [str(python), "-ISB", pack.__file__, str(_PROJECT), *_IMPORTED]
    try:
        made = subprocess.run(command, capture_output=True, timeout=_PACK_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", b"") or b"").decode(errors="replace").strip() or str(error)
        reason = one_line(said.splitlines()[-1][:_REASON])
        raise MachineError("no-bundle", python=str(python), reason=reason) from error
    _keep(file, made)
    return made


def cache_file() -> Path:
    return Path(cache_folder(), "agent")


def _kept(file: Path) -> bytes | None:
    """What the file holds, if nobody but us can have written it: it is run as a guest's agent."""
    try:
        with file.open("rb") as source:
            status = os.fstat(source.fileno())
            return source.read() if status.st_uid == os.geteuid() and not status.st_mode & 0o022 else None
    except OSError:
        return None


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


def _keep(file: Path, data: bytes) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, new = tempfile.mkstemp(dir=file.parent)  # nobody else may write it
        try:
            with open(descriptor, "wb") as target:
                target.write(data)
            os.rename(new, file)
        except OSError:
            os.unlink(new)
    except OSError:
        pass  # without a cache the next guest only starts later
