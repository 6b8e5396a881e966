"""What has been graded: `results.jsonl`, a line for each verdict in the order they came. Lines are only ever appended,
each by one write(2), so that a run cut off at any moment loses none and the next one repeats none. A last line that was
not finished, as after a power failure, does not count.

    {"labs": VERSION}                                      the first line
    {"submission", "item", "content", "score", "report"}   a verdict; `content` is the digest of what was graded
    {"regrade": ITEM}                                      what came before for ITEM is to be graded anew
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lablib.errors import LabsError, UsageError
from lablib.grading.job import QUARANTINED, Job, pack, unpack
from lablib.grading.report import Report
from lablib.verdict import Verdict

FILE = "results.jsonl"
FORM = 1
TRIES = 2
"""How often what could not be graded is tried."""
_UNSAID = (Verdict.ERROR, Verdict.BLOCKED)


@dataclass(frozen=True)
class Entry:
    """The newest verdict on what a submission has for a task or question."""

    content: str
    """The digest of what was graded."""
    report: Report
    score: float | None
    """As it was when it was graded."""
    tries: int = 1
    stale: bool = False
    """It is to be graded anew."""
    before: tuple[tuple[Verdict, float | None], ...] = ()
    """Verdicts and scores from before the task was graded anew, oldest first."""

    @property
    def is_final(self) -> bool:
        given_up = self.tries >= TRIES or any(result.key == QUARANTINED for result in self.report.results)
        return not self.stale and (self.report.verdict not in _UNSAID or given_up)


class Ledger:
    """The entries by submission and item; made by `opened`."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self.entries: dict[tuple[str, str], Entry] = {}

    def is_due(self, job: Job) -> bool:
        """Whether it is still to be graded."""
        entry = self.entries.get(job.key)
        return entry is None or entry.content != job.digest or not entry.is_final

    def add(self, job: Job, report: Report) -> Entry:
        """Notes the verdict on `job`. Raises LabsError where it cannot be written."""
        value = {"submission": job.submission, "item": job.item, "content": job.digest, "report": pack(report)}
        self._append(value)
        return self._note(value)

    def regrade(self, item: str) -> None:
        """What is there of `item` is to be graded anew. Raises LabsError."""
        self._append({"regrade": item})
        self._make_stale(item)

    def load(self, labs: str) -> None:
        """Reads what is there, or begins. Raises LabsError where it is not of this form."""
        content = self._read()
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._descriptor, len(whole))
        lines = whole.splitlines()
        if not lines:
            self._append({"labs": labs, "form": FORM})
            return
        for number, line in enumerate(lines, 1):
            try:
                value = json.loads(line)
                if number == 1:
                    if value["form"] != FORM:
                        raise ValueError("another form")
                elif "regrade" in value:
                    self._make_stale(value["regrade"])
                else:
                    self._note(value)
            except (ValueError, KeyError, TypeError) as error:
                raise LabsError("ledger-broken", path=str(self._path), line=number, reason=str(error)) from error

    def _note(self, value: dict[str, Any]) -> Entry:
        key, report = (str(value["submission"]), str(value["item"])), unpack(value["report"])
        fresh = Entry(str(value["content"]), report, value["report"]["score"])
        old = self.entries.get(key)
        if old is not None and old.content == fresh.content:
            if old.stale:
                fresh = replace(fresh, before=(*old.before, (old.report.verdict, old.score)))
            else:
                fresh = replace(fresh, before=old.before, tries=old.tries + 1)
        self.entries[key] = fresh
        return fresh

    def _make_stale(self, item: str) -> None:
        for key, entry in self.entries.items():
            if key[1] == item:
                self.entries[key] = replace(entry, stale=True)

    def _append(self, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode() + b"\n"
        end = os.fstat(self._descriptor).st_size
        try:
            if os.write(self._descriptor, data) != len(data):
                os.ftruncate(self._descriptor, end)
                raise OSError("the disk is full")
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise _not_kept(self._path, error) from error

    def _read(self) -> bytes:
        with open(self._descriptor, "rb", closefd=False) as file:
            file.seek(0)
            return file.read()


@contextmanager
def opened(folder: Path, labs: str, *, resume: bool) -> Iterator[Ledger]:
    """The ledger in `folder`, for this process alone. Raises UsageError where there is one and it is not to be gone on
    with, LabsError where it cannot be had. `labs` is the version that begins it."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _not_kept(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabsError("grading-runs", path=str(folder)) from None
        if not resume and os.fstat(descriptor).st_size:
            raise UsageError("graded-before", path=str(folder))
        ledger = Ledger(descriptor, path)
        ledger.load(labs)
        yield ledger
    finally:
        os.close(descriptor)


def _not_kept(path: Path, error: OSError) -> LabsError:
    return LabsError("results-not-kept", path=str(path), reason=error.strerror or str(error))
