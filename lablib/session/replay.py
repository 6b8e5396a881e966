"""A machine that is only a recording: a step typed into its shell is answered with what it once printed. For readers
without a machine, and for tests that must see the same each time. It never pretends to be live."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Generic, Self, TypeVar

from lablib.course.model import Chapter, End, Step
from lablib.i18n import Catalogue, catalogue
from lablib.machine.base import Capabilities, Completed, Foreground, Size
from lablib.machine.seen import Rows
from lablib.session.marks import command_mark, nonce_of, prompt_mark
from lablib.session.recording import Recorded, Recording
from lablib.verdict import Result, Verdict

KIND = "replay"
_PROMPT = "$ "
_PASTED = re.compile(rb"\x1b\[200~(?P<text>.*?)\x1b\[201~\r", re.DOTALL)
LONGEST_PAUSE = 10.0
"""Seconds."""


class ReplayShell:
    """Answers the recorded steps, each at the pace it once had, and says to everything else that nothing runs here. Any
    key shows the rest of a step at once."""

    def __init__(
        self, recording: Recording, steps: Mapping[str, Step], environment: Mapping[str, str], words: Catalogue
    ) -> None:
        self._recording = recording
        self._by_commands = {step.commands.strip("\n"): step for step in steps.values()}
        self._nonce = nonce_of(environment)
        self._words = words
        self._output: queue.SimpleQueue[bytes | float] = queue.SimpleQueue()
        """What is to be shown, and for how many seconds nothing is."""
        self._shells = ["1.1"]
        self._prompts = 0
        self._waiting = ""
        """The program that waits for keys, as a step left it."""
        self._silent = threading.Semaphore(0)
        """As many as there are pauses still to come."""
        self._hurry = threading.Event()
        self._ended = threading.Event()
        self._remark(
            "banner",
            kind=words.text(f"replay.{recording.kind}"),
            release=recording.release,
            distribution=recording.distribution,
            date=recording.date,
        )
        self._prompt(0)

    def read(self) -> bytes:
        while not (self._ended.is_set() and self._output.empty()):
            piece = self._output.get()
            if isinstance(piece, bytes):
                return piece
            self._hurry.wait(piece)
            self._silent.acquire()
        return b""

    def write(self, data: bytes) -> None:
        if self._ended.is_set():
            return
        if found := _PASTED.search(data):
            self._answer(found["text"].decode("utf-8", "replace"))
        elif self._plays():
            self._hurry.set()
        elif b"\r" in data or b"\x03" in data:
            self._say("\r\n")
            if not self._waiting:
                self._remark("typed")
            self._prompt(0)

    def resize(self, size: Size) -> None:
        """What was recorded stays as wide as it was."""

    def close(self) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._hurry.set()
            self._output.put(b"")

    @property
    def status(self) -> int | None:
        return 0 if self._ended.is_set() else None

    def foreground(self) -> Foreground:
        return Foreground(self._waiting, bool(self._waiting) and not self._plays())

    def _plays(self) -> bool:
        """Whether a pause is still to come."""
        if not self._silent.acquire(blocking=False):
            return False
        self._silent.release()
        return True

    def _answer(self, commands: str) -> None:
        self._hurry.clear()
        self._say(commands.replace("\n", "\r\n") + "\r\n")
        step = self._by_commands.get(commands.strip("\n"))
        recorded = self._recording.steps.get(step.id) if step else None
        self._say(command_mark(self._nonce, self._shells[-1]))
        if recorded is None:
            self._remark("absent")
            self._prompt(0)
            return
        self._play(recorded)
        if recorded.end is End.WAITING:
            self._waiting = re.split(r"[;&|\n]", commands.strip())[-1].split()[0]
        else:
            self._follow(recorded)
            self._prompt(recorded.status or 0)

    def _play(self, recorded: Recorded) -> None:
        lines = recorded.output.split("\n") if recorded.output else []
        shown = 0
        for pause in recorded.pauses:
            self._say("".join(f"{line}\r\n" for line in lines[shown : pause.lines]))
            shown = max(shown, pause.lines)
            self._silent.release()
            self._output.put(min(pause.seconds, LONGEST_PAUSE))
        self._say("".join(f"{line}\r\n" for line in lines[shown:]))

    def _follow(self, recorded: Recorded) -> None:
        """Into another shell, or back."""
        if recorded.end is End.ENTERED:
            self._shells.append(f"1.{len(self._shells) + 1}")
        elif recorded.end is End.LEFT and len(self._shells) > 1:
            self._shells.pop()

    def _prompt(self, status: int) -> None:
        self._waiting = ""
        self._prompts += 1
        self._say(prompt_mark(self._nonce, self._shells[-1], status, str(self._prompts)) + _PROMPT)

    def _remark(self, key: str, **params: str) -> None:
        """Says something of ours, which looks like nothing that a program printed."""
        for line in self._words.text(f"replay.{key}", **params).split("\n"):
            self._say(f"\x1b[2;3m{line}\x1b[0m\r\n")

    def _say(self, text: str) -> None:
        if text:  # nothing at all would be the end
            self._output.put(text.encode())


T = TypeVar("T")


class Still(Generic[T]):
    """A stream that says `first`, and then nothing until it is closed."""

    def __init__(self, *first: T) -> None:
        self._first = first
        self._over = threading.Event()

    def __iter__(self) -> Iterator[T]:
        yield from self._first
        self._over.wait()

    def close(self) -> None:
        self._over.set()


class ReplayMachine:
    """Plays `recording` of `chapter`. Its checks are blocked: there is no state to look at."""

    kind = KIND

    def __init__(self, chapter: Chapter, recording: Recording, language: str = "en") -> None:
        self._words = catalogue(language)
        self._steps = {step.id: step for step in chapter.steps}
        self._tasks = chapter.tasks
        self._recording = recording
        self._undo = ExitStack()

    @property
    def capabilities(self) -> Capabilities:
        steps = [step for step in self._steps.values() if step.id in self._recording.steps]
        needs = {need for one in [step.needs for step in steps] + [task.needs for task in self._tasks] for need in one}
        named = [need.partition(":") for need in needs]
        return Capabilities(
            KIND,
            self._recording.release,
            "/root/lab",
            controllers=tuple(name for kind, _, name in named if kind == "controller"),
            features={name: True for kind, _, name in named if kind == "feature"},
        )

    def open(self) -> Capabilities:
        return self.capabilities

    def shell(self, size: Size, argv: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> ReplayShell:
        shell = ReplayShell(self._recording, self._steps, environment or {}, self._words)
        self._undo.callback(shell.close)
        return shell

    def run(self, argv: Sequence[str], *, timeout: float = 60.0, limit: int = 1 << 20) -> Completed:
        """Scenes succeed, and every program is there but the first process of a real machine."""
        return Completed(0, b"systemd\n" if "systemd" in argv else b"", b"")  # as `needs.lacking` asks

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """There is nowhere to write."""

    def remember(self, task: str, parameters: Mapping[str, str] | None = None) -> None:
        """There is no state to remember."""

    def measure(self, order: Mapping[str, object]) -> Mapping[str, object]:
        """Nothing is ever asked of it."""
        return {}

    def know(self, order: Mapping[str, object], outcome: Mapping[str, object]) -> None:
        """Its checks need nothing."""

    def identity(self) -> bytes:
        return self._recording.release.encode()

    def check(self, task: str) -> tuple[Result, ...]:
        return (Result("machine", Verdict.BLOCKED, "grading.recording"),)

    def watch(self, task: str) -> Still[tuple[Result, ...]]:
        watch = Still(self.check(task))
        self._undo.callback(watch.close)
        return watch

    def view(self, name: str) -> Still[Rows]:
        """There is nothing to look at."""
        view: Still[Rows] = Still()
        self._undo.callback(view.close)
        return view

    def stop_processes(self) -> bool:
        return True

    def save_work(self) -> bool:
        return False

    def close(self) -> None:
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
