"""The project inside a guest, where it may be root of a machine and harm none."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import markdown_it
import mdurl

from lablib.machine.guest import GuestMachine
from tests.guests import sh

PROJECT = Path(__file__).parents[1]
PARTS = ("labs", "lablib", "checkers", "content", "tests")
MODULES = (markdown_it, mdurl)
"""What reading a chapter needs beyond the standard library; pure Python."""
PIECE = 1 << 20


def put_project(guest: GuestMachine) -> None:
    """Puts it at ~/lab/project of the guest."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        folders = {part: PROJECT / part for part in PARTS}
        folders |= {module.__name__: Path(str(module.__file__)).parent for module in MODULES}
        for name, folder in folders.items():
            archive.add(folder, f"project/{name}", filter=lambda info: None if "__pycache__" in info.name else info)
    data = buffer.getvalue()
    for at in range(0, len(data), PIECE):
        guest.put(f"/root/lab/project.{at // PIECE:03}", data[at : at + PIECE])
    assert sh(guest, "cat project.* | tar xz && rm project.*") == "status=0"
