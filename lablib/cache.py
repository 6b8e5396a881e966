"""Small files in the user's cache folder (XDG Base Directory: `$XDG_CACHE_HOME/container-labs`): what can be made
again, kept so that it need not be."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from lablib.state import cache_folder


def cache_file(name: str) -> Path:
    return Path(cache_folder(), name)


def kept(name: str) -> bytes | None:
    """What is kept as `name`, if nobody but us can have written it: it is trusted as our own code is."""
    try:
        with cache_file(name).open("rb") as source:
            status = os.fstat(source.fileno())
            return source.read() if status.st_uid == os.geteuid() and not status.st_mode & 0o022 else None
    except OSError:
        return None


def keep(name: str, data: bytes) -> None:
    """Keeps `data` as `name`, whole or not at all; without it it is made again the next time."""
    file = cache_file(name)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, new = tempfile.mkstemp(dir=file.parent)  # nobody else may write it
        try:
            with os.fdopen(descriptor, "wb") as target:
                target.write(data)
            Path(new).rename(file)
        except OSError:
            Path(new).unlink()
    except OSError:
        pass  # a full disk, or a folder that is not ours
