"""What every machine offers. A machine is opened, used from any thread, and closed; closing leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from lablib.machine.seen import Rows
    from lablib.verdict import Result  # dear to import, for a screen that is to be painted


@dataclass(frozen=True)
class Size:
    """A terminal's size in cells."""

    columns: int
    rows: int


@dataclass(frozen=True)
class Capabilities:
    """What a machine said it can do when it came up."""

    kind: str
    """`guest`, `qemu` or `host`."""
    release: str
    """The kernel's release, as uname(2) gives it; for people, never to be compared."""
    work_folder: str
    """The student's `~/lab`, as a path of the machine."""
    controllers: tuple[str, ...] = ()
    """cgroup v2 controllers the lab's root cgroup offers its children."""
    features: Mapping[str, bool] = field(default_factory=dict)
    practice: bool = False
    """Whether it is quick at the price that its student could change what its checks find: nothing here is graded."""
    slowness: float = 1.0
    """How many times as long as elsewhere may take here what has a time limit."""
    warnings: tuple[str, ...] = ()
    """Message keys (`warning.KEY`) of what a user should know, such as a guest that runs unconfined."""


@dataclass(frozen=True)
class Completed:
    """A program that ran on a machine. `status` is its exit code, or minus the signal that ended it."""

    status: int | None
    """None when it was still running at its time limit."""
    out: bytes
    err: bytes
    truncated: bool = False
    """True when it wrote more than the limit; the rest was thrown away."""


@dataclass(frozen=True)
class Foreground:
    """Who has a terminal: tcgetpgrp(3)'s process group."""

    program: str
    """The name of the program that leads it; empty when it has just ended."""
    waits: bool
    """Whether one of its processes sleeps until a key is pressed, or until something else happens that it watches."""
    raw: bool = False
    """Whether keys reach it one by one, as a line editor or a full-screen program wants them; else line by line."""


class Shell(Protocol):
    """A program on a real PTY of the machine."""

    def read(self) -> bytes:
        """Waits for output and returns it, up to 64 KiB; empty once the program has ended. Reading slowly slows
        the program down, as a slow terminal would."""

    def write(self, data: bytes) -> None:
        """Types `data`. After the end it does nothing."""

    def resize(self, size: Size) -> None: ...

    def close(self) -> None:
        """Hangs up: the session gets SIGHUP, and `read` returns empty."""

    @property
    def status(self) -> int | None:
        """Exit code, or minus a signal's number; None while it runs."""

    def foreground(self) -> Foreground:
        """Who has the terminal now. Raises MachineError."""


class View(Protocol):
    """What is to be seen of a machine, row by row: as it is now, then again whenever it has changed, until closed or
    the machine ends."""

    def __iter__(self) -> Iterator[Rows]: ...

    def close(self) -> None: ...


class Watch(Protocol):
    """A live view of a task's checks: first what they say now, then every change, until closed or the machine ends."""

    def __iter__(self) -> Iterator[tuple[Result, ...]]: ...

    def close(self) -> None: ...


class Machine(Protocol):
    """A place where a lab runs."""

    kind: str

    @property
    def capabilities(self) -> Capabilities:
        """What it said when it came up. Raises MachineError while it is not open."""

    def open(self) -> Capabilities:
        """Brings the machine up. Raises MachineError with a remedy."""

    def shell(self, size: Size, argv: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Shell:
        """A shell of the student's world (or `argv`) on a PTY, with `environment` beside what every program there
        has."""

    def run(self, argv: Sequence[str], *, timeout: float = 60.0, limit: int = 1 << 20) -> Completed:
        """Runs `argv` as root in the student's `~/lab`, input closed; at most `limit` bytes of each output are kept,
        and at `timeout` seconds (times `slowness`) it is left running and None is its status."""

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Writes a file of the student's world; parents are made."""

    def remember(self, task: str, parameters: Mapping[str, str] | None = None) -> Mapping[str, Any] | None:
        """Notes what the checks of `task` need to know of the scene that was just set, and by which `parameters` they
        judge. Returns what else must be known:
        an order for `measure`, or None."""

    def measure(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carries out an order of `remember`'s, which may take many minutes, and returns what came of it. The checks
        know it from then on. Raises MachineError."""

    def know(self, order: Mapping[str, Any], outcome: Mapping[str, Any]) -> None:
        """Tells the checks what came of an order on a machine like this one."""

    def identity(self) -> bytes:
        """What tells this machine's kernel from others. Raises OSError."""

    def check(self, task: str) -> tuple[Result, ...]:
        """Runs the checks of `task` once."""

    def watch(self, task: str) -> Watch: ...

    def view(self, name: str) -> View:
        """`name` is one of `seen.READERS`."""

    def stop_processes(self) -> bool:
        """Stops every process of the student's world so that nothing moves while checks read; False when some kept
        escaping (they fork faster than they can be stopped)."""

    def save_work(self) -> bool:
        """Keeps the student's `~/lab` as it is now; False when there was nothing new to keep, as where it lies on this
        host anyway. Raises MachineError, and then what was kept last is kept still."""

    def close(self) -> None:
        """Takes the machine away, with its processes, mounts and files. Safe to call twice, from any thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
