"""Small files in the user's state folder (XDG Base Directory: `$XDG_STATE_HOME/container-labs`): lines of text below a
first line with the version of their form.

Imports hardly more than `os`: `labs list` reads one at every start, and importing `json` for it would take as long
again as all the rest.
"""

from __future__ import annotations

import os

from lablib.errors import LabsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_HEAD = "container-labs "


class ProgressError(LabsError):
    """What the labs note of a user's progress cannot be read or written. The work itself is not affected."""


class StateFile:
    """Lines that are replaced as a whole. A file that cannot be understood counts as empty, and `problem` says why; it
    is never lost: a broken one is put aside before a new one is written, one of a newer version is left alone."""

    def __init__(self, name: str, version: int, is_line: Callable[[str], bool], folder: str | None = None) -> None:
        self.folder = state_folder() if folder is None else folder
        self.path = f"{self.folder}/{name}"
        self.problem: ProgressError | None = None
        self._version = version
        self._is_line = is_line

    def read(self) -> list[str]:
        """The lines below the first."""
        self.problem = None
        try:
            with open(self.path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            self.problem = ProgressError("progress-unreadable", path=self.path, reason=error.strerror or str(error))
            return []
        try:
            head, *lines = content.decode("ascii").splitlines()
            version = int(head.removeprefix(_HEAD))
            if not head.startswith(_HEAD) or (version <= self._version and not all(map(self._is_line, lines))):
                raise ValueError("not the form of this file")
        except ValueError:
            self.problem = ProgressError("progress-broken", path=self.path, aside=f"{self.path}.broken")
            return []
        if version > self._version:
            self.problem = ProgressError("progress-newer", path=self.path)
            return []
        return lines

    def update(self, change: Callable[[list[str]], Iterable[str]]) -> list[str]:
        """Writes what `change` makes of the lines as they are now, another lesson's included, and returns it. Raises
        ProgressError where it cannot be kept; the file is then as it was."""
        import fcntl

        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                lines = list(change(self.read()))
                self._put_broken_aside()
                text = "".join(f"{line}\n" for line in (f"{_HEAD}{self._version}", *lines))
                replace(self.path, text.encode("ascii"))
            finally:
                os.close(folder)
        except OSError as error:
            raise ProgressError("progress-not-saved", path=self.path, reason=error.strerror or str(error)) from error
        return lines

    def _put_broken_aside(self) -> None:
        if self.problem is not None:
            if self.problem.key != "progress-broken":
                raise self.problem
            put_aside(self.path)
            self.problem = None


def state_folder() -> str:
    """Where a user's programs keep state. A relative XDG_STATE_HOME is to be ignored, says the specification."""
    return xdg_folder("XDG_STATE_HOME", "~/.local/state")


def data_folder() -> str:
    """Where a user's programs keep what is to last."""
    return xdg_folder("XDG_DATA_HOME", "~/.local/share")


def cache_folder() -> str:
    """Where a user's programs keep what can be made again."""
    return xdg_folder("XDG_CACHE_HOME", "~/.cache")


def xdg_folder(variable: str, otherwise: str) -> str:
    """Our folder in the base folder that `variable` names."""
    base = os.environ.get(variable, "")
    if not base.startswith("/"):
        base = os.path.expanduser(otherwise)
    return f"{base}/container-labs"


def replace(path: str, content: bytes) -> None:
    """Writes `path` whole, readable by its owner alone: a crash at any moment leaves the old file or the new one, a
    full disk the old one. Two at once must be kept apart by the caller. Raises OSError."""
    new = f"{path}.new"
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, path)
    except OSError:
        if os.path.lexists(new):
            os.unlink(new)  # what is half written must not keep a full disk full
        raise
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def put_aside(path: str) -> str:
    """Renames `path` to `path.broken`, or to that with the first number that no file has, which it returns. Raises
    OSError."""
    aside, number = f"{path}.broken", 1
    while os.path.lexists(aside):
        number += 1
        aside = f"{path}.broken.{number}"
    os.rename(path, aside)
    return aside
