"""A throw-away guest: a User-Mode Linux kernel over a copy-on-write view of this machine. No root, no KVM, no image."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from lablib.errors import MachineError
from lablib.kernel import landlock
from lablib.machine.agent.work import MAX_BYTES
from lablib.machine.agent.world import WORK_FOLDER
from lablib.machine.base import Capabilities
from lablib.machine.bundle import bundle
from lablib.machine.code import START, copy_code
from lablib.machine.keeper import Keep
from lablib.machine.kernels import find_kernel, find_python
from lablib.machine.link import Link
from lablib.machine.room import claimed_folder, memory_folder, run_folder
from lablib.machine.served import ServedMachine, capabilities
from lablib.machine.work import GuestWork

MEMORY = 512 << 20
BOOT_SECONDS = 60.0
"""Far beyond any boot; a guest that needs longer is not coming."""
CONSOLE_TAIL = 8192
FASTER = (
    "initcall_blacklist=raid6_select_algo",
    "lpj=10000000",
    "pty.legacy_count=0",
)
"""Nine tenths of the time that Debian's kernel takes to boot, saved (kernel-parameters.txt): it measures RAID 6
algorithms, which nothing uses but a btrfs of that profile; it counts the loops of a delay, which no device here needs
exactly; it makes 512 BSD terminals, each of which would be ours to remove again."""
_END_SECONDS = 10.0
_PROJECT = Path(__file__).parents[2]
_KEEPER = "import sys; sys.path.insert(0, sys.argv[1]); from lablib.machine.keeper import main; main()"
_UIDS = (0x6C000000, 0x10000)
"""The range from which a guest started by root takes a uid of its own."""


class GuestMachine(ServedMachine):
    """One guest. `landlock_abi` lowers what is probed, so that an older host can be tried on a newer one. `work` is the
    file that its `~/lab` is kept in; without one it begins empty and ends with the guest."""

    kind = "guest"

    def __init__(self, *, memory: int = MEMORY, landlock_abi: int | None = None, work: Path | None = None) -> None:
        super().__init__()
        self._work = None if work is None else GuestWork(work)
        self._memory = memory
        probed = landlock.abi()
        self.landlock_abi = probed if landlock_abi is None else min(probed, landlock_abi)
        self.folder = Path()
        """Its run folder while it is up; its code is all that the guest can read of it."""
        self._console = Console()
        self._go = -1
        """Where the keeper waits for a byte before it starts the kernel."""
        self._keeper: subprocess.Popen[bytes] | None = None
        self._undo = ExitStack()

    @property
    def confined(self) -> bool:
        """Whether the file system of this machine is closed to the guest. Without it there is practice, no grading."""
        return self.landlock_abi > 0

    def _launch(self) -> tuple[Link, Capabilities]:
        kernel, python = find_kernel(), find_python()
        run = self.folder = self._folder(run_folder())
        memory = self._folder(claimed_folder(memory_folder(self._memory)))
        try:
            code = run / "code"
            code.mkdir()
            link = self._start(kernel, python, code / START, run, memory)
            copy_code(code, "guest", bundle(python))  # while the keeper gets ready
            if self._work is not None:
                self._work.lend(code)
            self._let_go()
        except OSError as error:
            raise MachineError("guest-start", reason=str(error)) from error
        try:
            hello = link.hello(BOOT_SECONDS)
        except TimeoutError:
            hello = None
        if hello is None:
            link.close()
            raise MachineError("guest-boot", reason=self._console.last_line() or link.fault or "…")
        # It has its memory file open and needs no folder to write any more: nothing can be filled from inside.
        shutil.rmtree(memory, ignore_errors=True)
        warnings: tuple[str, ...] = () if self.confined else ("unconfined",)
        if self._work is not None:
            warnings += self._work.restore(link)
        return link, capabilities(self.kind, hello, WORK_FOLDER, warnings)

    def save_work(self) -> bool:
        return self._work is not None and self._work.save(self._channel(MAX_BYTES))

    def _start(self, kernel: Path, python: Path, start: Path, run: Path, memory: Path) -> Link:
        with ExitStack() as ours_only:
            line, theirs = socket.socketpair()
            ours_only.enter_context(theirs)
            lifeline, held = os.pipe()
            ours_only.callback(os.close, lifeline)
            self._undo.callback(os.close, held)
            ready, self._go = os.pipe()
            ours_only.callback(os.close, ready)
            self._undo.callback(os.close, self._go)
            uid = _own_uid()
            if uid is not None:
                for folder in (run, memory):
                    os.chown(folder, uid, uid)
            keep = Keep(
                command=command_line(kernel, python, start, memory, self._memory, theirs.fileno()),
                environment={"TMPDIR": str(memory), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/"},
                cpu=random.choice(sorted(os.sched_getaffinity(0))),  # noqa: S311
                readable=[str(run / "code")],
                writable=[str(memory)],
                removed=[str(run), str(memory)],
                memory=self._memory,
                landlock_abi=self.landlock_abi,
                uid=uid,
                lifeline=lifeline,
                ready=ready,
                kept_open=[theirs.fileno()],
            )
            self._keeper = _start_keeper(keep, self._console.writing_end)
            self._console.listen()
            return Link(line)

    def _let_go(self) -> None:
        try:
            os.write(self._go, b"x")
        except BrokenPipeError:
            pass  # the keeper is gone; that no hello comes will be told, with what the console says

    def _folder(self, folder: Path) -> Path:
        self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _take_down(self) -> None:
        keeper = self._keeper
        self._undo.close()  # closes the lifeline first of all: the keeper ends the guest
        if keeper is not None:
            try:
                keeper.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                keeper.kill()
                keeper.wait()
        self._console.close()


class Console:
    """The guest kernel's console: only its tail is kept, however much a guest prints."""

    def __init__(self) -> None:
        self._reading_end, self.writing_end = os.pipe()
        self._tail = bytearray()
        self._lock = threading.Lock()
        self._listening: threading.Thread | None = None

    def listen(self) -> None:
        os.close(self.writing_end)
        self.writing_end = -1
        self._listening = threading.Thread(target=self._listen, name="labs-console", daemon=True)
        self._listening.start()

    def last_line(self) -> str:
        """What the guest's kernel said last, made safe to print."""
        with self._lock:
            text = self._tail.decode(errors="replace")
        lines = [re.sub(r"[^ -~]", "", line).strip() for line in text.splitlines()]
        lines = [line for line in lines if line]
        telling = [line for line in lines if re.search(r"panic|labs:|[Ee]rror", line)]
        return (telling or lines or [""])[-1][:300]

    def close(self) -> None:
        if self.writing_end >= 0:
            os.close(self.writing_end)
            self.writing_end = -1
        if self._listening is not None:
            self._listening.join(timeout=5)
        if self._reading_end >= 0:
            os.close(self._reading_end)
            self._reading_end = -1

    def _listen(self) -> None:
        while data := os.read(self._reading_end, 65536):
            with self._lock:
                self._tail += data
                del self._tail[:-CONSOLE_TAIL]


def command_line(kernel: Path, python: Path, start: Path, memory: Path, size: int, line: int) -> list[str]:
    """User-Mode Linux's arguments; those after `--` are for the first process of the guest."""
    return [
        str(kernel),
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
        "audit=0",  # sudo(8) would complain each time that the jail lets it write no audit record
        "noreboot",
        f"uml_dir={memory}",
        f"init={python}",
        "--",
        "-IS",
        str(start),
    ]


def _start_keeper(keep: Keep, console: int) -> subprocess.Popen[bytes]:
    """Starts a keeper; its own standard output and error are the guest's `console` too. Raises OSError."""
    return subprocess.Popen(
        [sys.executable, "-IS", "-c", _KEEPER, str(_PROJECT), json.dumps(keep._asdict())],
        stdin=subprocess.DEVNULL,
        stdout=console,
        stderr=console,
        pass_fds=[keep.lifeline, keep.ready, *keep.kept_open],
        start_new_session=True,  # Ctrl-C at the lab's terminal is not for the guest
    )


def _own_uid() -> int | None:
    """A uid for this guest alone, where we are root and the user namespace has it; else the overflow uid. None where
    we are an ordinary user."""
    if os.geteuid() != 0:
        return None
    first, count = _UIDS
    uid = first + os.getpid() % count + random.randrange(count)  # noqa: S311
    with open("/proc/self/uid_map", encoding="ascii") as uid_map:
        for line in uid_map:
            inside, _, length = map(int, line.split())
            if inside <= uid < inside + length:
                return uid
    return 65534
