"""A machine for the screen's tests: its shell is a local program on a PTY, its checks say what a test wants."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from lablib.course.index import ChapterEntry
from lablib.course.model import Chapter, Prose, Question, QuestionPlace, Step, Task, TaskPlace
from lablib.errors import MachineError
from lablib.machine.agent.foreground import foreground
from lablib.machine.base import Capabilities, Completed, Foreground, Size
from lablib.machine.seen import CgroupRow, Gauges, Rows
from lablib.session.replay import Still
from lablib.verdict import Evidence, Result, Verdict

TOUR = ("tour_step", "tour_shell", "tour_task")
"""What a reader is told once; most of our readers were."""
BASH = ("bash", "--norc", "--noprofile")


class FakeShell:
    """A program on a PTY of this machine."""

    def __init__(self, argv: Sequence[str], size: Size, more: Mapping[str, str] | None = None) -> None:
        self._master, slave = pty.openpty()
        self.resize(size)
        environment = {"TERM": "xterm-256color", "PS1": "lab# ", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        environment |= more or {}
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *argv], stdin=slave, stdout=slave, stderr=slave, env=environment
        )
        os.close(slave)
        self._lock = threading.Lock()

    def read(self) -> bytes:
        with contextlib.suppress(OSError):  # EIO when the last process of the session is gone
            if data := os.read(self._master, 65536):
                return data
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        return b""

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._master, data) :]

    def resize(self, size: Size) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))

    def close(self) -> None:
        with self._lock:
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):  # setsid(1) has not come to make the group yet
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.kill()
                self._process.wait()

    def foreground(self) -> Foreground:
        return Foreground(*foreground(self._master))

    @property
    def status(self) -> int | None:
        return self._process.poll()


class FakeWatch:
    """Says what is put in it."""

    def __init__(self) -> None:
        self._said: SimpleQueue[tuple[Result, ...] | Exception | None] = SimpleQueue()

    def say(self, *results: Result) -> None:
        self._said.put(results)

    def break_with(self, error: Exception) -> None:
        self._said.put(error)

    def __iter__(self) -> Iterator[tuple[Result, ...]]:
        while (said := self._said.get()) is not None:
            if isinstance(said, Exception):
                raise said
            yield said

    def close(self) -> None:
        self._said.put(None)


class FakeMachine:
    """`gate` holds the opening until it is set; `failure` is raised by it."""

    kind = "guest"

    def __init__(self, argv: Sequence[str] = BASH, failure: Exception | None = None) -> None:
        self.argv = argv
        self.failure = failure
        self.opening = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.closed = threading.Event()
        self.shells: list[FakeShell] = []
        self.watches: dict[str, FakeWatch] = {}
        self.views: list[Still[Rows]] = []
        self.log: list[str] = []
        self.scene_status: int | None = 0
        self.work_failure: Exception | None = None
        self.practice = True
        self.saves = 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("guest", "6.1.0", "/root/lab", ("memory", "pids"), practice=self.practice)

    def open(self) -> Capabilities:
        self.opening.set()
        self.gate.wait(20)
        if self.failure is not None:
            raise self.failure
        if self.closed.is_set():
            raise MachineError("machine-gone")
        return self.capabilities

    def shell(self, size: Size, argv: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> FakeShell:
        shell = FakeShell(argv or self.argv, size, environment)
        self.shells.append(shell)
        return shell

    def run(self, argv: Sequence[str], *, timeout: float = 60.0, limit: int = 1 << 20) -> Completed:
        self.log.append("run " + " ".join(argv))
        return Completed(self.scene_status, b"", b"mkdir: \x1b[31mno such thing\n")

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self.log.append(f"put {path} {mode:o} {len(data)}")

    def remember(self, task: str, parameters: Mapping[str, str] | None = None) -> None:
        self.log.append(f"remember {task}")

    def measure(self, order: Mapping[str, object]) -> Mapping[str, object]:
        return {}

    def know(self, order: Mapping[str, object], outcome: Mapping[str, object]) -> None: ...

    def identity(self) -> bytes:
        return b""

    def check(self, task: str) -> tuple[Result, ...]:
        return ()

    def watch(self, task: str) -> FakeWatch:
        self.log.append(f"watch {task}")
        self.watches[task] = FakeWatch()
        return self.watches[task]

    def view(self, name: str) -> Still[Rows]:
        self.log.append(f"view {name}")
        self.views.append(Still({"": CgroupRow(("memory",), (), 1, ((1, "lab-init"),), Gauges())}))
        return self.views[-1]

    def stop_processes(self) -> bool:
        return True

    def save_work(self) -> bool:
        if self.closed.is_set():
            raise MachineError("machine-gone")
        if self.work_failure is not None:
            raise self.work_failure
        self.saves += 1
        return True

    def close(self) -> None:
        self.closed.set()
        self.gate.set()
        for shell in self.shells:
            shell.close()
        for stream in (*self.watches.values(), *self.views):
            stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FakeProgress:
    def __init__(self, *passed: str) -> None:
        self.ids = set(passed)

    def passed(self, task_id: str) -> bool:
        return task_id in self.ids

    def mark_passed(self, task_id: str) -> None:
        self.ids.add(task_id)


class FakePlace:
    """`item` is where the reader was."""

    def __init__(self, item: str = "", failure: Exception | None = None) -> None:
        self.item = item
        self.failure = failure
        self.remarks = set(TOUR)
        self.theme = ""

    def choose_theme(self, name: str) -> None:
        self.theme = name

    def was_told(self, key: str) -> bool:
        return key in self.remarks

    def note_told(self, key: str) -> None:
        self.remarks.add(key)

    def at(self, chapter: str) -> str:
        return self.item

    def remember(self, chapter: str, item: str = "") -> None:
        if self.failure is not None:
            raise self.failure
        self.item = item


PASSING = Result("sleep-lives", Verdict.PASS, evidence=(Evidence("/proc/910/stat", "910 (sleep) S"),))
FAILING = Result(
    "child-has-only-memory",
    Verdict.FAIL,
    "cgroups.internal-process",
    expected="memory",
    actual="(nothing)",
    params={"pid": "910", "cgroup": "test"},
    evidence=(
        Evidence("/sys/fs/cgroup/test/cgroup.procs", "910\n"),
        Evidence("/sys/fs/cgroup/test/cgroup.subtree_control", ""),
    ),
)
DONE = Result(
    "child-has-only-memory", Verdict.PASS, evidence=(Evidence("/sys/fs/cgroup/test/a/cgroup.controllers", "memory"),)
)


def chapter(folder: Path) -> Chapter:
    """A step, two tasks, the first with a scene, a question and a step that goes wrong, in both languages."""
    scene = folder / "scene.sh"
    scene.write_text("#!/bin/sh\nmkdir -p /sys/fs/cgroup/test\n")
    first = Task(
        "cgroups/memory-only",
        {"en": "Only the memory controller", "zh": "只要内存控制器"},
        2,
        scene=scene,
        body={
            "en": "`sleep` runs in the cgroup `test`. Make a child of `test` that has the **memory** controller and no "
            "other. `sleep` must live on.",
            "zh": "`sleep` 运行在 cgroup `test` 中。在 `test` 下建一个子 cgroup，只启用 **memory** 控制器，"
            "不带其他控制器。`sleep` 必须继续存活。",
        },
        hints={
            "en": (
                "A cgroup with processes cannot enable controllers for its children.",
                "Write its pid to `cgroup.procs`.",
            ),
            "zh": ("含有进程的 cgroup 不能为子 cgroup 启用控制器。", "把它的 pid 写进 `cgroup.procs`。"),
        },
    )
    second = Task(
        "cgroups/clean-up", {"en": "Clean up", "zh": "清理"}, 1, body={"en": "Remove `test`.", "zh": "删除 `test`。"}
    )
    step = Step("first-look", "echo first\necho look", shows=("look",))
    question = Question(
        "cgroups/why",
        {"en": "Why is it so?", "zh": "为什么会这样？"},
        1,
        answer=2,
        experiment="first-look",
        body={"en": "Look at what `echo` said.", "zh": "看看 `echo` 说了什么。"},
        choices={"en": ("By chance.", "Because of `echo`."), "zh": ("碰巧。", "因为 `echo`。")},
        explanation={"en": "It does what it is told.", "zh": "让它做什么，它就做什么。"},
    )
    last = Step("last-look", "(exit 3)")
    slow = Step("slow-look", "sleep 60", seconds=50)
    en = Prose(
        "# Control groups\n\nEvery process is in the tree, always: a cgroup is a folder, and moving a process means "
        "writing its pid to `cgroup.procs`.\n\n## One controller\n\nA parent says in `cgroup.subtree_control` what its "
        "children get. That has a condition: **a cgroup that holds processes cannot do so**.\n\n"
        "```console {of=first-look}\n# cat cgroup.controllers\ncpu io memory pids\n```"
    )
    zh = Prose(
        "# 控制组\n\n每个进程始终在这棵树里：cgroup 就是一个目录，移动进程就是把它的 pid 写进 `cgroup.procs`。\n\n"
        "## 一个控制器\n\n父 cgroup 在 `cgroup.subtree_control` 里写明子 cgroup 能得到哪些控制器。但有个条件："
        "**含有进程的 cgroup 不能这样做**。"
    )
    blocks = {
        "en": (en, step, TaskPlace(first), TaskPlace(second), QuestionPlace(question), last, slow),
        "zh": (zh, step, TaskPlace(first), TaskPlace(second), QuestionPlace(question), last, slow),
    }
    return Chapter("cgroups", 2, {"en": "Cgroups", "zh": "控制组"}, (), (first, second), (question,), blocks, folder)


def entry(told: Chapter) -> ChapterEntry:
    """A chapter's name, as the command has it before it reads the rest."""
    return ChapterEntry(told.id, told.number, dict(told.title), [], [])
