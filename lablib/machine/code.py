"""The part of the project that runs on a machine, put where the machine can read it and nothing more."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from lablib.machine.agent import start
from lablib.machine.agent.start import BUNDLE

_STUDENT_MODULES = ("pyseccomp",)

START = "start.py"
PROVER = "prover"


def put_code(folder: Path, entry: str, packed: bytes) -> None:
    """Makes `folder`, readable by all, with `packed` as the agent's bundle; `folder/START` starts
    `lablib.machine.agent.ENTRY`, or the prover for who asks for it. Modules for the student's own Python go to
    `folder/student`. Raises OSError."""
    student = folder / "student"
    for made in (folder, student):
        made.mkdir()
        made.chmod(0o755)  # mkdir(2) applies the umask, and the guest has a uid of its own
    for name in _STUDENT_MODULES:
        found = importlib.util.find_spec(name)
        if found and found.origin:
            _write(student / Path(found.origin).name, Path(found.origin).read_bytes())
    _write(folder / BUNDLE, packed)
    program = Path(start.__file__).read_text(encoding="utf-8")
    # Wherever it lies then: an agent may take its code along.
    call = f"start(__file__.rpartition('/')[0], {PROVER!r} if sys.argv[1:] == [{PROVER!r}] else {entry!r})"
    _write(folder / START, f"{program}\n\n{call}\n".encode())


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)
