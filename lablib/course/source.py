"""Reading files of the course, and saying where in them something is wrong."""

from __future__ import annotations

from pathlib import Path

from lablib.errors import ContentError


def broken(path: Path, line: int, reason: str) -> ContentError:
    """The error to raise for what is wrong in `line` (from 1) of `path`."""
    return ContentError("content", where=f"{path}:{line}", reason=reason)


def read_text(path: Path) -> str:
    """The UTF-8 text of `path`, each line ending as \\n. Raises ContentError."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise broken(path, 1, "the file is missing") from None
    except OSError as error:
        raise broken(path, 1, f"the file cannot be read: {error.strerror}") from error
    try:
        return raw.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise broken(path, raw.count(b"\n", 0, error.start) + 1, "this is not UTF-8") from error
