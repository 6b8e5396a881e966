"""A shell's output as it is shown, kept in a file that players of asciicasts show again: version 2 of the format, a
line of JSON for the header and one for each event.

Only what a program printed is in it, never what was typed: a password that is not echoed is not there. Source:
asciicast v2 (docs.asciinema.org).
"""

from __future__ import annotations

import codecs
import json
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from lablib.errors import LabsError
from lablib.machine.base import Foreground, Shell, Size

VERSION = 2
MAX_BYTES = 64 << 20
"""Of one file: a program that prints for ever must not fill a disk."""
OUTPUT, MARKER, RESIZE = "o", "m", "r"
_FULL = "full"
"""The marker at the end of a file that has as much as it may."""


class Cast:
    """Writes one file, which must not be there yet, from any thread. Raises LabsError where it cannot be made; what
    goes wrong later ends it, and `failure` says why."""

    def __init__(self, path: str, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._title = title
        self._clock = clock
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._began: float | None = None
        self._size: Size | None = None
        self._written = 0
        self.failure: LabsError | None = None
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failed(error) from error
        self._file = os.fdopen(descriptor, "w", encoding="utf-8")

    def size(self, size: Size) -> None:
        """The terminal has `size` from now on. Nothing is written before the first."""
        with self._lock:
            if self._began is None:
                self._began = self._clock()
                head = {"version": VERSION, "width": size.columns, "height": size.rows, "timestamp": int(time.time())}
                self._line({**head, "title": self._title})
            elif size != self._size:
                self._event(RESIZE, f"{size.columns}x{size.rows}")
            self._size = size

    def output(self, data: bytes) -> None:
        with self._lock:
            if text := self._decoder.decode(data):
                self._event(OUTPUT, text)

    def marker(self, label: str) -> None:
        with self._lock:
            self._event(MARKER, label)

    def close(self) -> None:
        with self._lock:
            try:
                self._file.close()
            except OSError as error:
                self.failure = self.failure or self._failed(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _event(self, kind: str, value: str) -> None:
        if self._began is not None and self._written < MAX_BYTES:
            self._line([round(self._clock() - self._began, 6), kind, value])
            if self._written >= MAX_BYTES:
                self._line([round(self._clock() - self._began, 6), MARKER, _FULL])

    def _line(self, value: object) -> None:
        if self.failure is not None or self._file.closed:
            return
        line = json.dumps(value, ensure_ascii=False) + "\n"
        self._written += len(line.encode("utf-8", "replace"))
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            self.failure = self._failed(error)

    def _failed(self, error: OSError) -> LabsError:
        return LabsError("cast-failed", path=self._path, reason=error.strerror or str(error))


class CastShell:
    """A shell whose output goes into a cast on its way to whoever shows it."""

    def __init__(self, shell: Shell, cast: Cast, size: Size) -> None:
        self._shell = shell
        self._cast = cast
        cast.size(size)

    def read(self) -> bytes:
        data = self._shell.read()
        self._cast.output(data)
        return data

    def write(self, data: bytes) -> None:
        self._shell.write(data)

    def resize(self, size: Size) -> None:
        self._cast.size(size)
        self._shell.resize(size)

    def close(self) -> None:
        self._shell.close()

    @property
    def status(self) -> int | None:
        return self._shell.status

    def foreground(self) -> Foreground:
        return self._shell.foreground()
