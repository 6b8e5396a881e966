"""A throw-away machine whose kernel is a process of ours: confined before it begins, ended with us, over a
copy-on-write view of this machine's programs. What that process is, User-Mode Linux or QEMU, its subclasses say."""

from __future__ import annotations

import marshal
import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from lablib.errors import MachineError
from lablib.kernel import landlock
from lablib.machine import orphans
from lablib.machine.agent.work import MAX_BYTES
from lablib.machine.agent.world import WORK_FOLDER
from lablib.machine.base import Capabilities
from lablib.machine.bundle import bundle
from lablib.machine.code import START, put_code
from lablib.machine.confinement import Confinement, own_uid
from lablib.machine.console import Console, telling
from lablib.machine.kernels import find_python
from lablib.machine.link import Link
from lablib.machine.room import claimed_folder, memory_folder, run_folder
from lablib.machine.served import ServedMachine, capabilities
from lablib.machine.work import GuestWork

if TYPE_CHECKING:
    from lablib.machine.keeper import Order

MEMORY = 512 << 20
BOOT_SECONDS = 60.0
"""Far beyond any boot; a guest that needs longer is not coming."""
_END_SECONDS = 10.0
_PROJECT = Path(__file__).parents[2]
_KEEPER = "import sys; sys.path.insert(0, sys.argv[1]); from lablib.machine.keeper import main; main()"


class Parts(NamedTuple):
    """What a kernel's process is made with."""

    python: Path
    """The Python that the agent runs on, as the guest sees it."""
    start: Path
    """The agent's program, readable for the guest at this very path."""
    scratch: Path
    """A folder for what is needed until the guest is up."""
    line: int
    """The descriptor that the agent's line is to end at."""


class Launch(NamedTuple):
    """A kernel's process."""

    program: str
    """It may lie where the guest's own uid does not reach."""
    options: list[str]
    environment: dict[str, str]
    devices: tuple[str, ...] = ()
    """That it works with, beside those that hold nothing."""


class KeptMachine(ServedMachine):
    """`landlock_abi` lowers what is probed, so that an older host can be tried on a newer one. `work` is the file that
    its `~/lab` is kept in; without one it begins empty and ends with the guest."""

    agent = ""
    """The module of `lablib.machine.agent` that is the guest's first process."""
    slowness = 1.0
    """See `Capabilities`."""
    practice = False
    warnings: tuple[str, ...] = ()
    """What else a user should know of it; see `Capabilities`."""

    def __init__(self, *, memory: int = MEMORY, landlock_abi: int | None = None, work: Path | None = None) -> None:
        super().__init__()
        self._work = None if work is None else GuestWork(work)
        self._size = memory
        probed = landlock.abi()
        self.landlock_abi = probed if landlock_abi is None else min(probed, landlock_abi)
        self.folder = Path()
        """Its run folder while it is up; its code is all that the guest can read of it."""
        self._scratch = Path()
        self._console = Console()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        self._undo = ExitStack()

    def _prepare(self, parts: Parts) -> Launch:
        """What the keeper is to start. Raises OSError, MachineError."""
        raise NotImplementedError

    @property
    def _scratch_size(self) -> int:
        """Bytes that the scratch folder must have room for."""
        raise NotImplementedError

    def _cpus(self) -> list[int]:
        """The processors that it may use."""
        return sorted(os.sched_getaffinity(0))

    @property
    def confined(self) -> bool:
        """Whether the file system of this machine is closed to the guest. Without it there is practice, no grading."""
        return self.landlock_abi > 0

    def begin(self) -> None:
        """Sends the guest on its way and does not wait for it; `open` does. Raises MachineError."""
        try:
            with ExitStack() as ours_only:
                self._link = self._start(ours_only)
        except OSError as error:
            raise MachineError("guest-start", reason=str(error)) from error

    @property
    def is_coming(self) -> bool:
        """Whether it has begun and not failed yet."""
        return self._link is not None and not self._link.ended

    def _launch(self) -> tuple[Link, Capabilities]:
        if self._link is None:
            self.begin()
        link = self._link
        assert link is not None
        try:
            hello = link.hello(BOOT_SECONDS * self.slowness)
        except TimeoutError:
            hello = None
        if hello is None:
            link.close()
            said = self._console.last_lines()
            raise MachineError("guest-boot", reason=telling(said) or link.fault or "…", console="\n".join(said))
        # It has all that was in there and needs no folder to write any more: nothing can be filled from inside.
        shutil.rmtree(self._scratch, ignore_errors=True)
        warnings = self.warnings if self.confined else (*self.warnings, "unconfined")
        if self._work is not None:
            warnings += self._restore(self._work, link)
        return link, capabilities(
            self.kind, hello, WORK_FOLDER, practice=self.practice, slowness=self.slowness, warnings=warnings
        )

    def save_work(self) -> bool:
        if self._work is None:
            return super().save_work()
        return self._work.save(self._channel(MAX_BYTES))

    def _restore(self, work: GuestWork, link: Link) -> tuple[str, ...]:
        try:
            work.lend(self.folder / "code")
        except OSError as error:
            raise MachineError("guest-start", reason=str(error)) from error
        return work.restore(link)

    def _start(self, ours_only: ExitStack) -> Link:
        """Starts the keeper and, while it gets ready, makes what the guest needs. `ours_only` is what only we have need
        of until it has started."""
        python = find_python()
        line, theirs = socket.socketpair()
        ours_only.enter_context(theirs)
        lifeline, held = os.pipe()
        ours_only.callback(os.close, lifeline)
        self._lifeline = held
        orders, ordering = os.pipe()
        ours_only.callback(os.close, orders)
        with open(ordering, "wb") as giving:
            self._keeper = _start_keeper(lifeline, orders, theirs.fileno(), self._console.writing_end)
            self._console.listen()
            run = self.folder = self._folder(run_folder())
            scratch = self._scratch = self._folder(claimed_folder(memory_folder(self._scratch_size)))
            put_code(run / "code", self.agent, bundle(python))
            launch = self._prepare(Parts(python, run / "code" / START, scratch, theirs.fileno()))
            uid = own_uid()
            if uid is not None:
                for folder in (run, scratch):
                    os.chown(folder, uid, uid)
            readable = (launch.program, str(run / "code"))
            confinement = Confinement(readable, (str(scratch),), self._size, self.landlock_abi, uid, launch.devices)
            order: Order = {
                "program": launch.program,
                "options": launch.options,
                "environment": launch.environment,
                "folder": str(scratch),
                "cpus": self._cpus(),
                "cell": confinement.cell(self._keeper.pid),
                "run": str(run),
                "removed": [str(run), str(scratch)],
                "kept_open": [theirs.fileno()],
            }
            Thread(target=_watch, args=(self._keeper, str(run)), name="keeper", daemon=True).start()
            giving.write(marshal.dumps(order))  # type: ignore[arg-type]  # a dict, whatever its type is called
        return Link(line, self.slowness)

    def _folder(self, folder: Path) -> Path:
        self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _take_down(self) -> None:
        keeper = self._keeper
        if self._lifeline >= 0:
            os.close(self._lifeline)  # the keeper ends the guest
            self._lifeline = -1
        if keeper is not None:
            try:
                keeper.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                keeper.kill()
                keeper.wait()
            if keeper.returncode < 0:
                orphans.end(str(self.folder))
        self._undo.close()
        self._console.close()


def _watch(keeper: subprocess.Popen[bytes], run: str) -> None:
    """The line of a guest that lost its keeper ends with what its kernel left behind."""
    if keeper.wait() < 0:
        orphans.end(run)


def _start_keeper(lifeline: int, orders: int, line: int, console: int) -> subprocess.Popen[bytes]:
    """Starts a keeper; its own standard output and error are the guest's `console` too. Raises OSError."""
    return subprocess.Popen(
        [sys.executable, "-IS", "-c", _KEEPER, str(_PROJECT), str(lifeline), str(orders)],
        stdin=subprocess.DEVNULL,
        stdout=console,
        stderr=console,
        pass_fds=[lifeline, orders, line],
        start_new_session=True,  # Ctrl-C at the lab's terminal is not for the guest
    )
