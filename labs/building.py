"""`labs guest build` and `labs guest fetch`: says what it takes, asks for what is missing, and shows how far it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lablib import packages
from lablib.errors import LabsError
from lablib.i18n import Catalogue, catalogue
from lablib.uml import build
from lablib.uml.fetching import fetch
from lablib.uml.report import Report, Stage
from labs import course
from labs.arguments import Arguments, jobs
from labs.exits import ExitCode
from labs.interrupts import end_as_by_ctrl_c

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_NO = ("n", "no", "否", "不")


class Shown(Report, AbstractContextManager[Any], Protocol):
    """A report that is on the screen while it is entered."""


def run_build(arguments: Arguments, language: str) -> int:
    words = catalogue(language)
    count = jobs(arguments)
    build.check_architecture()
    needed = build.check_room()
    print(words.text("guest.room", needed=build.gigabytes(needed), folder=str(build.build_folder())), flush=True)
    _install_packages(words, agreed=arguments.has("--yes"))
    try:
        end_as_by_ctrl_c()
        with _shown(words) as report:
            built = build.build(report, Path(course.CONTENT), jobs=count, package=arguments.value("--source", ""))
    except KeyboardInterrupt:
        print(words.text("guest.interrupted"))
        return ExitCode.INTERRUPTED
    print(words.text("guest.built", name=built.kernel.name, path=str(built.kernel.program)))
    return ExitCode.PASS


def run_fetch(words: Catalogue) -> int:
    try:
        end_as_by_ctrl_c()
        with _shown(words) as report:
            image = fetch(report)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    print(words.text("guest.fetched", release=image.release, path=str(image.file)))
    return ExitCode.PASS


def _install_packages(words: Catalogue, *, agreed: bool) -> None:
    """Asks before it installs what a build needs. Raises LabsError where that is still missing afterwards."""
    missing = packages.missing_build_packages()
    if not missing:
        return
    names = " ".join(missing)
    if sys.stdin.isatty() and not agreed:
        root = os.geteuid() == 0
        agreed = _agrees(words.text("guest.install" if root else "guest.install-sudo", packages=names))
    if agreed:
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        for command in (["update"], ["-y", "install", "--no-install-recommends", *missing]):
            subprocess.run([*as_root, "apt-get", "-q", *command])
        missing = packages.missing_build_packages()
    if missing:
        raise LabsError("build-packages", packages=" ".join(missing))


def _agrees(question: str) -> bool:
    try:
        return input(question).strip().lower() not in _NO
    except EOFError:
        return False


def _shown(words: Catalogue) -> Shown:
    if sys.stdout.isatty():
        try:
            import rich.progress  # noqa: F401

            return Bars(words)
        except ModuleNotFoundError:
            pass  # a line for each stage says it too
    return Lines(words, print)


class Lines:
    """A line for each stage, where nothing can be drawn over."""

    def __init__(self, words: Catalogue, say: Callable[[str], None]) -> None:
        self._words = words
        self._say = say

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def stage(self, stage: Stage, total: int = 0) -> None:
        self._say(self._words.text(f"guest.stage-{stage}"))
        sys.stdout.flush()

    def done(self, count: int) -> None:
        pass

    def note(self, key: str, **params: str) -> None:
        self._say(f"  {self._words.text(f'guest.{key}', **params)}")


class Bars:
    """A bar for each stage, with the time it has taken and, where its size is known, an estimate of what is left."""

    def __init__(self, words: Catalogue) -> None:
        self._words = words
        self._shown = ExitStack()
        self._progress: Progress
        self._bar: TaskID | None = None

    def __enter__(self) -> Bars:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Left

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            Left(),
        )
        self._progress = self._shown.enter_context(Progress(*columns, speed_estimate_period=120))
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._end()
        self._shown.close()

    def stage(self, stage: Stage, total: int = 0) -> None:
        self._end()
        self._bar = self._progress.add_task(self._words.text(f"guest.stage-{stage}"), total=total or None)

    def done(self, count: int) -> None:
        if self._bar is not None:
            self._progress.update(self._bar, completed=count)

    def note(self, key: str, **params: str) -> None:
        self._progress.console.print(self._words.text(f"guest.{key}", **params), markup=False, highlight=False)

    def _end(self) -> None:
        """A stage that was finished is full, also where its size was not known."""
        if self._bar is not None:
            total = self._progress.tasks[self._bar].total or 1
            self._progress.update(self._bar, total=total, completed=total)
