"""The agent on a host: a subtree of cgroups for the lab, a mount and a cgroup namespace for the student's programs, and
the service on an inherited socket. When the line ends, however that happens, it takes all of it away.

Started as `python3 -IS …/start.py LINE-DESCRIPTOR WORK-FOLDER`, as root.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lablib.kernel import syscalls
from lablib.kernel.cgroup2 import Cgroup, find_cgroup2
from lablib.kernel.mounts import Mount, private
from lablib.kernel.procfs import ProcFS
from lablib.machine.agent import spawner, world
from lablib.machine.agent.lab import await_rest
from lablib.machine.agent.subtree import PREFIX, kill_subtree
from lablib.machine.wire import TO_AGENT, TO_HOST, Type, greet, hello
from lablib.verdict import Context

SHELL_CGROUP = "shell"
"""Where the student's shells begin. The lab's root is no real root, so it cannot hold processes and give controllers to
children at once (cgroups(7), no internal processes)."""
_FREEZE_SECONDS = 5.0


@dataclass(frozen=True)
class HostLab:
    """The student lives in a subtree of this host's cgroups."""

    subtree: Path
    environment: Mapping[str, str]
    work_folder: str
    first: int
    root: Path = Path("/")
    terminals: Path = Path("/dev/pts")
    proc: ProcFS = field(default_factory=ProcFS)

    @property
    def jail(self) -> Mapping[str, Any]:
        return {"first": self.first, "dropped": (), "environment": self.environment, "folder": self.work_folder}

    def context(self, remembered: Mapping[str, Any]) -> Context:
        return Context(self.proc, Cgroup.open_root(self.subtree), remembered, work_folder=self.work_folder)

    def stop_processes(self) -> bool:
        await_rest(lambda: (pid for procs in self.subtree.rglob("cgroup.procs") for pid in procs.read_text().split()))
        (self.subtree / "cgroup.freeze").write_text("1")
        end = time.monotonic() + _FREEZE_SECONDS
        while time.monotonic() < end:
            if "frozen 1" in (self.subtree / "cgroup.events").read_text().splitlines():
                return True
            time.sleep(0.01)
        return False


def main() -> None:
    """Exits 0 when everything was taken away."""
    line, work_folder = int(sys.argv[1]), sys.argv[2]
    root = find_cgroup2()
    if root is None:
        sys.exit("labs: no cgroup2 is mounted here")
    with ExitStack() as undo:
        base = _own_base(root, undo)
        subtree = undo.enter_context(_subtree(base))
        end, first = spawner.fork_spawner(lambda: _enter(subtree))
        controllers = _enable(subtree, undo)
        environment = {**world.ENVIRONMENT, "HOME": os.path.expanduser("~root")}
        encoder, decoder = greet(line, TO_HOST, TO_AGENT)
        os.write(line, encoder.frame(Type.HELLO, 0, hello(os.uname().release, controllers, ())))

        from lablib.machine.agent.service import Service

        lab = HostLab(subtree, environment, work_folder, first)
        Service(line, encoder, decoder, spawner.SpawnerClient(end), lab).run()


def _own_base(root: Path, undo: ExitStack) -> Path:
    """The cgroup below which the lab's own begins: the scope systemd delegated to us, or the root itself. What the root
    is made to give its children for us is taken back at the end."""
    own = root / Path("/proc/self/cgroup").read_text().rpartition("0::/")[2].strip()
    if own != root and os.path.exists("/run/systemd/system"):
        leaf = own / "agent"
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text(str(os.getpid()))
        return own
    return root


@contextmanager
def _subtree(base: Path) -> Iterator[Path]:
    subtree = base / f"{PREFIX}{os.getpid()}"
    subtree.mkdir()
    try:
        yield subtree
    finally:
        kill_subtree(subtree)


def _enable(subtree: Path, undo: ExitStack) -> list[str]:
    """Gives the lab's cgroups every controller there is here; those that had to be enabled above are disabled again."""
    base = subtree.parent
    enabled = set((base / "cgroup.subtree_control").read_text().split())
    for name in (base / "cgroup.controllers").read_text().split():
        if name not in enabled and _control(base, f"+{name}"):
            undo.callback(_control, base, f"-{name}")
    return [name for name in (subtree / "cgroup.controllers").read_text().split() if _control(subtree, f"+{name}")]


def _control(cgroup: Path, change: str) -> bool:
    """Whether the kernel took it: a controller may be in use elsewhere, or not be able to (cpu, with RT processes)."""
    try:
        (cgroup / "cgroup.subtree_control").write_text(change)
        return True
    except OSError:
        return False


def _enter(subtree: Path) -> None:
    """In the spawner: a view in which the subtree is the root of /sys/fs/cgroup, then a leaf of it to live in."""
    os.setsid()
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    (subtree / "cgroup.procs").write_text(str(os.getpid()))
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWCGROUP)
    private("/").execute()
    leaf = subtree / SHELL_CGROUP
    leaf.mkdir()
    (leaf / "cgroup.procs").write_text(str(os.getpid()))
    # The same file system cannot be mounted twice on one place, whatever cgroup it is seen from (mount(2), EBUSY).
    syscalls.umount2("/sys/fs/cgroup", syscalls.MNT_DETACH)
    Mount("/sys/fs/cgroup", "cgroup2", "cgroup2").execute()
