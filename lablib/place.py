"""Where the reader is, on which machine and in which colours they chose to be: the file `place` of the user's state
folder. Its lines have fields between tabs:

    last        CHAPTER           the chapter that was started last
    at          CHAPTER  ITEM     where the reader was in it: the id of a step, a task or a question
    machine     KIND              what was chosen when a first start asked
    theme       NAME              `dark` or `light`, as the reader chose it
    told        KEY       once    a remark that is made once in a reader's life
"""

from __future__ import annotations

from lablib.state import StateFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from lablib.state import ProgressError

VERSION = 3
FILE = "place"
_FIELDS = {"last": 1, "at": 2, "machine": 1, "theme": 1, "told": 2}


class Place:
    """The reader's place as it was when this was made, and as it is noted from then on. A file that cannot be
    understood counts as empty, and `problem` says why."""

    def __init__(self, folder: str | None = None) -> None:
        self._file = StateFile(FILE, VERSION, _is_line, folder)
        self._take(self._file.read())

    @property
    def problem(self) -> ProgressError | None:
        return self._file.problem

    @property
    def last(self) -> str:
        """The chapter that was started last; empty before the first."""
        return self._values.get(("last",), "")

    @property
    def machine(self) -> str:
        """The kind of machine that was chosen; empty while none was."""
        return self._values.get(("machine",), "")

    @property
    def theme(self) -> str:
        """`dark` or `light`, if the reader chose one; else empty."""
        return self._values.get(("theme",), "")

    def at(self, chapter: str) -> str:
        """The item of `chapter` where the reader was; empty where they were not in it."""
        return self._values.get(("at", chapter), "")

    def remember(self, chapter: str, item: str = "") -> None:
        """Notes that the reader is in `chapter`, at `item` of it, or where they were. Raises ProgressError where it
        cannot be kept."""
        here: dict[tuple[str, ...], str] = {("at", chapter): item} if item else {}
        self._note({("last",): chapter} | here)

    def choose_machine(self, kind: str) -> None:
        """Notes which machine is wanted. Raises ProgressError where it cannot be kept."""
        self._note({("machine",): kind})

    def choose_theme(self, name: str) -> None:
        """Notes which colours are wanted. Raises ProgressError where it cannot be kept."""
        self._note({("theme",): name})

    def was_told(self, key: str) -> bool:
        """Whether the remark `key` has been made."""
        return ("told", key) in self._values

    def note_told(self, key: str) -> None:
        """Notes that it has. Raises ProgressError where that cannot be kept."""
        self._note({("told", key): "once"})

    def _note(self, news: dict[tuple[str, ...], str]) -> None:
        self._take(self._file.update(lambda lines: _lines(_values(lines) | news)))

    def _take(self, lines: Iterable[str]) -> None:
        self._values = _values(lines)


def _values(lines: Iterable[str]) -> dict[tuple[str, ...], str]:
    """The last field of each line by the others."""
    rows = (line.split("\t") for line in lines)
    return {tuple(row[:-1]): row[-1] for row in rows}


def _lines(values: dict[tuple[str, ...], str]) -> list[str]:
    return sorted("\t".join((*names, value)) for names, value in values.items())


def _is_line(line: str) -> bool:
    name, *fields = line.split("\t")
    return _FIELDS.get(name) == len(fields) and all(field and field.isprintable() for field in fields)
