"""Which tasks were passed, kept in the user's state folder (XDG Base Directory: `$XDG_STATE_HOME/container-labs`).

The file `passed` has the version of its form in the first line, then a task in each. `labs list` reads it at every
start, and importing `json` for it would take as long again as all the rest.
"""

from __future__ import annotations

import os

from lablib.errors import LabsError

VERSION = 1
FILE = "passed"
_HEAD = "container-labs "


class ProgressError(LabsError):
    """What was passed cannot be read or written. The work itself is not affected."""


class Progress:
    """The tasks passed so far. A file that cannot be understood counts as empty, and `problem` says why; it is never
    lost: a broken one is put aside before a new one is written, one of a newer version is left alone."""

    def __init__(self, folder: str | None = None) -> None:
        self.folder = state_folder() if folder is None else folder
        self.path = f"{self.folder}/{FILE}"
        self.problem: ProgressError | None = None
        self._passed = self._read()

    def passed(self, task: str) -> bool:
        return task in self._passed

    def mark_passed(self, task: str) -> None:
        """Records that `task` (`chapter/task`) was passed. Raises ProgressError where it cannot be kept."""
        import fcntl

        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                self._passed = self._read()  # another lesson may have written meanwhile
                self._passed.add(task)
                self._write(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise ProgressError("progress-not-saved", path=self.path, reason=error.strerror or str(error)) from error

    def _read(self) -> set[str]:
        self.problem = None
        try:
            with open(self.path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return set()
        except OSError as error:
            self.problem = ProgressError("progress-unreadable", path=self.path, reason=error.strerror or str(error))
            return set()
        try:
            head, *tasks = content.decode("ascii").splitlines()
            version = int(head.removeprefix(_HEAD))
            if not head.startswith(_HEAD) or (version <= VERSION and not all(map(_is_task, tasks))):
                raise ValueError("not the form of this file")
        except ValueError:
            self.problem = ProgressError("progress-broken", path=self.path, aside=f"{self.path}.broken")
            return set()
        if version > VERSION:
            self.problem = ProgressError("progress-newer", path=self.path)
            return set()
        return set(tasks)

    def _write(self, folder: int) -> None:
        """Atomic and durable: a crash leaves the old file or the new one. `folder` is open and locked."""
        if self.problem is not None:
            if self.problem.key != "progress-broken":
                raise self.problem
            os.rename(self.path, _free_name(f"{self.path}.broken"))
            self.problem = None
        new = f"{self.path}.new"
        with open(new, "w", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in (f"{_HEAD}{VERSION}", *sorted(self._passed)))
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, self.path)
        os.fsync(folder)


def state_folder() -> str:
    """Where a user's programs keep state. A relative XDG_STATE_HOME is to be ignored, says the specification."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if not base.startswith("/"):
        base = os.path.expanduser("~/.local/state")
    return f"{base}/container-labs"


def _is_task(line: str) -> bool:
    chapter, slash, task = line.partition("/")
    return bool(chapter and slash and task) and line.isprintable()


def _free_name(path: str) -> str:
    """`path`, or `path` with the first number that no file has."""
    name, number = path, 1
    while os.path.lexists(name):
        number += 1
        name = f"{path}.{number}"
    return name
