"""A throw-away guest: a User-Mode Linux kernel over a copy-on-write view of this machine. No root, no KVM, no image."""

from __future__ import annotations

import marshal
import os
import random
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from lablib.errors import MachineError
from lablib.kernel import landlock
from lablib.machine import orphans, xstate
from lablib.machine.agent.work import MAX_BYTES
from lablib.machine.agent.world import WORK_FOLDER
from lablib.machine.base import Capabilities
from lablib.machine.bundle import bundle
from lablib.machine.code import START, put_code
from lablib.machine.confinement import Confinement, own_uid
from lablib.machine.console import Console, telling
from lablib.machine.kernels import Kernel, find_python
from lablib.machine.link import Link
from lablib.machine.room import claimed_folder, memory_folder, run_folder
from lablib.machine.served import ServedMachine, capabilities
from lablib.machine.work import GuestWork

if TYPE_CHECKING:
    from lablib.machine.keeper import Order

MEMORY = 512 << 20
BOOT_SECONDS = 60.0
"""Far beyond any boot; a guest that needs longer is not coming."""
FASTER = (
    "initcall_blacklist=raid6_select_algo",
    "lpj=10000000",
    "pty.legacy_count=0",
)
"""Nine tenths of the time that Debian's kernel takes to boot, saved (kernel-parameters.txt): it measures RAID 6
algorithms, which nothing uses but a btrfs of that profile; it counts the loops of a delay, which no device here needs
exactly; it makes 512 BSD terminals, each of which would be ours to remove again."""
PRACTICE = ("seccomp=on",)
"""Processes of the guest work together with its kernel instead of being traced by it (arch/um/os-Linux/start_up.c)."""
_END_SECONDS = 10.0
_PROJECT = Path(__file__).parents[2]
_KEEPER = "import sys; sys.path.insert(0, sys.argv[1]); from lablib.machine.keeper import main; main()"


class GuestMachine(ServedMachine):
    """One guest of `kernel`. For `practice` it runs with `seccomp=on`, which is quicker, and in which a program of the
    student's can reach the guest kernel's memory: a verdict on one is never a grade. `landlock_abi` lowers what is
    probed, so that an older host can be tried on a newer one. `work` is the file that its `~/lab` is kept in; without
    one it begins empty and ends with the guest."""

    kind = "guest"

    def __init__(
        self,
        kernel: Kernel,
        *,
        practice: bool = False,
        memory: int = MEMORY,
        landlock_abi: int | None = None,
        work: Path | None = None,
    ) -> None:
        super().__init__()
        self._kernel = kernel
        self.practice = practice
        self._work = None if work is None else GuestWork(work)
        self._size = memory
        probed = landlock.abi()
        self.landlock_abi = probed if landlock_abi is None else min(probed, landlock_abi)
        self.folder = Path()
        """Its run folder while it is up; its code is all that the guest can read of it."""
        self._memory = Path()
        self._console = Console()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        self._undo = ExitStack()

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
            hello = link.hello(BOOT_SECONDS)
        except TimeoutError:
            hello = None
        if hello is None:
            link.close()
            said = self._console.last_lines()
            raise MachineError("guest-boot", reason=telling(said) or link.fault or "…", console="\n".join(said))
        # It has its memory file open and needs no folder to write any more: nothing can be filled from inside.
        shutil.rmtree(self._memory, ignore_errors=True)
        warnings: tuple[str, ...] = () if self.confined else ("unconfined",)
        if self._work is not None:
            warnings += self._restore(self._work, link)
        here = capabilities(self.kind, hello, WORK_FOLDER, practice=self.practice, warnings=warnings)
        return link, here

    def identity(self) -> bytes:
        import hashlib  # loads OpenSSL, and a guest's start would wait for it

        with self._kernel.program.open("rb") as program:
            return hashlib.file_digest(program, "sha256").digest()

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
            memory = self._memory = self._folder(claimed_folder(memory_folder(self._size)))
            put_code(run / "code", "guest", bundle(python))
            xstate.put_library(memory)
            uid = own_uid()
            if uid is not None:
                for folder in (run, memory):
                    os.chown(folder, uid, uid)
            readable = (str(self._kernel.program), str(run / "code"))
            confinement = Confinement(readable, (str(memory),), self._size, self.landlock_abi, uid)
            order: Order = {
                "program": str(self._kernel.program),
                "options": command_line(
                    python, run / "code" / START, memory, self._size, theirs.fileno(), practice=self.practice
                ),
                "environment": environment(memory),
                "folder": str(memory),
                "cpu": random.choice(sorted(os.sched_getaffinity(0))),  # noqa: S311
                "cell": confinement.cell(self._keeper.pid),
                "run": str(run),
                "removed": [str(run), str(memory)],
                "kept_open": [theirs.fileno()],
            }
            Thread(target=_watch, args=(self._keeper, str(run)), name="keeper", daemon=True).start()
            giving.write(marshal.dumps(order))  # type: ignore[arg-type]  # a dict, whatever its type is called
        return Link(line)

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


def environment(memory: Path) -> dict[str, str]:
    """User-Mode Linux's own, of which nothing reaches the guest's programs."""
    preload = f"./{xstate.NAME}"  # in the folder it starts in: in LD_PRELOAD spaces and colons separate
    return {"TMPDIR": str(memory), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LD_PRELOAD": preload}


def command_line(python: Path, start: Path, memory: Path, size: int, line: int, *, practice: bool) -> list[str]:
    """User-Mode Linux's arguments; those after `--` are for the first process of the guest."""
    return [
        f"mem={size >> 20}M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "con=null",
        "con0=null,fd:1",
        "ssl=null",
        f"ssl0=fd:{line},fd:{line}",
        "quiet",
        *FASTER,
        *(PRACTICE if practice else ()),
        "audit=0",  # sudo(8) would complain each time that the jail lets it write no audit record
        "noreboot",
        f"uml_dir={memory}",
        f"init={python}",
        "--",
        "-IS",
        str(start),
    ]


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
