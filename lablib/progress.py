"""Which tasks were passed: the file `passed` of the user's state folder, a task in each line."""

from __future__ import annotations

from lablib.state import StateFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lablib.state import ProgressError

VERSION = 1
FILE = "passed"


class Progress:
    """The tasks passed so far; those of a file that cannot be understood do not count, and `problem` says why."""

    def __init__(self, folder: str | None = None) -> None:
        self._file = StateFile(FILE, VERSION, _is_task, folder)
        self._passed = set(self._file.read())

    @property
    def problem(self) -> ProgressError | None:
        return self._file.problem

    def passed(self, task: str) -> bool:
        return task in self._passed

    def mark_passed(self, task: str) -> None:
        """Records that `task` (`chapter/task`) was passed. Raises ProgressError where it cannot be kept."""
        self._passed = set(self._file.update(lambda tasks: sorted({*tasks, task})))


def _is_task(line: str) -> bool:
    chapter, slash, task = line.partition("/")
    return bool(chapter and slash and task) and line.isprintable()
