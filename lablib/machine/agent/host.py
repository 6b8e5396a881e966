"""The agent on a host: a subtree of cgroups for the lab, a world in namespaces of its own for the student's programs,
and the service on an inherited socket.

    labs ── standard input ═══ agent ── lab-init (enters the lab's cgroup, its namespaces and its root)
     └ waits for ── warden ──────┘      │
                    └ journal           the student's programs

The **warden** is started first; it takes away what a lab before left, begins a journal and forks the agent. However the
agent ends, and it ends with its line, the warden clears what is noted. A warden that is killed takes the agent along,
and whoever comes next finds the journal. lab-init ends with the agent, and with it, as the first process of their pid
namespace, every process of the student's.

Started as `python3 -IS …/start.py WORK-FOLDER`, as root, with the line as standard input: sudo(8) closes all others. An
empty WORK-FOLDER is one that ends with the lab.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lablib.kernel import syscalls
from lablib.kernel.cgroup2 import Cgroup, find_cgroup2
from lablib.kernel.inside import Inside
from lablib.kernel.mounts import Mount, private, tmpfs
from lablib.kernel.procfs import ProcFS
from lablib.machine.agent import spawner, world
from lablib.machine.agent.clearing import Cleared, clear, sweep
from lablib.machine.agent.features import features, loadable
from lablib.machine.agent.journal import FOLDER, Journal, Kind, paths
from lablib.machine.agent.lab import await_rest
from lablib.machine.agent.subtree import PREFIX, is_frozen, processes
from lablib.machine.wire import TO_AGENT, TO_HOST, Type, greet, hello
from lablib.verdict import Context

SHELL_CGROUP = "shell"
"""Where the student's shells begin. The lab's root is no real root, so it cannot hold processes and give controllers to
children at once (cgroups(7), no internal processes)."""
SYSTEMD = "run/systemd/system"
"""Whether this is a machine booted with systemd: sd_booted(3)."""
SHARED = ("run/docker.sock",)
"""What of the host's /run is in the world as well. Not where systemd listens: pam_systemd(8) would move who becomes
another user out of the lab's cgroup, into a session."""
HOST = "run/host/proc"
"""Where a world has the /proc of a machine with systemd. The mount namespace of that machine's first process cannot be
bound to a place by itself, as it is older than the world's (fs/namespace.c, mnt_ns_loop)."""
OF_SYSTEMD = ("systemd-cgls", "systemd-cgtop")
"""Not systemctl(1): it asks the first process of the machine, whose pid it must see, and no pid namespace sees out."""
_LOOKS = """#!/bin/sh
# This program is about the whole machine, so it sees the files and cgroups that the first process of it sees.
exec nsenter --mount=/{host}/1/ns/mnt --cgroup=/{host}/1/ns/cgroup -- {program} "$@"
"""
_FREEZE_SECONDS = 5.0


@dataclass(frozen=True)
class SubtreeProcFS(ProcFS):
    """Of all the host's processes those in a lab's cgroups, which nothing leads out of; the host may have other
    containers."""

    subtree: Path = Path()

    def pids(self) -> Iterator[int]:
        for folder, _, _ in os.walk(self.subtree):
            yield from processes(Path(folder))


@dataclass(frozen=True)
class HostLab:
    """The student lives in a subtree of this host's cgroups, in a pid namespace and a root of their own."""

    subtree: Path
    root: Path
    environment: Mapping[str, str]
    first: int
    work_folder: str = world.WORK_FOLDER

    @property
    def terminals(self) -> Path:
        return self.root / "dev/pts"

    @property
    def jail(self) -> Mapping[str, Any]:
        return {"first": self.first, "dropped": (), "environment": self.environment, "folder": self.work_folder}

    def context(self, remembered: Mapping[str, Any]) -> Context:
        proc = SubtreeProcFS(depth=1, subtree=self.subtree)
        return Context(proc, Cgroup.open_root(self.subtree), remembered, Inside(self.root), self.work_folder)

    def stop_processes(self) -> bool:
        """Frozen, nothing can fork; thawed, each stops before it runs another instruction. So no cgroup of a student's
        is frozen that they have not frozen themselves."""
        await_rest(lambda: map(str, SubtreeProcFS(subtree=self.subtree).pids()))
        (self.subtree / "cgroup.freeze").write_text("1")
        frozen = _waited(lambda: is_frozen(self.subtree))
        for pid in SubtreeProcFS(subtree=self.subtree).pids():
            try:
                os.kill(pid, signal.SIGSTOP)
            except ProcessLookupError:
                continue  # killed meanwhile, as the OOM killer may
        (self.subtree / "cgroup.freeze").write_text("0")
        return frozen and _waited(lambda: not _still_frozen(self.subtree))


def _still_frozen(cgroup: Path) -> bool:
    """Whether `cgroup` or one below it has not thawed yet. One with a 1 of its own in cgroup.freeze does not, nor what
    is below it."""
    if (cgroup / "cgroup.freeze").read_text() == "1\n":
        return False
    return is_frozen(cgroup) or any(_still_frozen(child) for child in cgroup.iterdir() if child.is_dir())


def _waited(is_so: Callable[[], bool]) -> bool:
    """Whether it was so in time."""
    end = time.monotonic() + _FREEZE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def main() -> None:
    """The warden. Exits 0 when the agent did and everything was taken away."""
    work_folder, warden = sys.argv[1], os.getpid()
    line = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    sweep()
    journal = Journal.begin()
    agent = os.fork()
    if agent == 0:
        _become_agent(warden, line, journal, work_folder)
    os.close(line)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(agent, signal.SIGKILL))
    _, status = os.waitpid(agent, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    cleared = Cleared()
    clear(journal, cleared)
    _remove_code()
    for what in (*cleared.refused, *cleared.stayed):
        sys.stderr.write(f"labs: {what}\n")
    sys.exit(1 if cleared.refused or cleared.stayed else max(0, os.waitstatus_to_exitcode(status)))


def _remove_code() -> None:
    """The folder this was started from, if whoever made it is gone."""
    folder = Path(sys.path[0]).parent
    if folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _become_agent(warden: int, line: int, journal: Journal, work_folder: str) -> None:
    """In the child: serves until the line ends. Never returns."""
    status = 1
    try:
        # The warden alone holds the claim on the journal, and ends us if it ends.
        notes = Journal(journal.path)
        journal.close()
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == warden:
            _serve(line, notes, work_folder)
            status = 0
    except BaseException as error:
        sys.stderr.write(f"labs: {error}\n")  # the last line of it is what the user is told
        sys.stderr.flush()
    finally:
        os._exit(status)


def _serve(line: int, journal: Journal, work_folder: str) -> None:
    hierarchy = find_cgroup2()
    if hierarchy is None:
        raise OSError("no cgroup2 is mounted here")
    base = _own_base(hierarchy)
    subtree = _make_subtree(base, journal)
    run = f"{FOLDER}/{journal.name}"
    root, upper = f"{run}/world", f"{run}/upper"
    journal.note(Kind.FOLDER, run)
    os.mkdir(run, 0o700)
    # All mounts, the host name and what has a key of System V end with the last process that is in these namespaces.
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC)
    private("/").execute()
    tmpfs(run).execute()
    _take_code_along(f"{run}/code")
    tmpfs(root).execute()
    os.mkdir(upper)
    _build_world(root, upper, work_folder)
    syscalls.sethostname(world.HOSTNAME)
    offered = features(loadable())
    syscalls.unshare(syscalls.CLONE_NEWPID)  # of the children to come, until `return_to_own_pids`
    end, first = spawner.fork_spawner(lambda: _enter(subtree, root, journal))
    spawner.return_to_own_pids()
    controllers = [name for name in _controllers(subtree) if _control(subtree, f"+{name}")]
    encoder, decoder = greet(line, TO_HOST, TO_AGENT)
    os.write(line, encoder.frame(Type.HELLO, 0, hello(os.uname().release, controllers, offered)))

    from lablib.machine.agent.service import Service

    lab = HostLab(subtree, Path(root), world.environment(root), first)
    Service(line, encoder, decoder, spawner.SpawnerClient(end), lab).run()


def _take_code_along(folder: str) -> None:
    """To where it stays as long as we do: provers start from it (`trials.py`), and whoever started us takes away what
    they made. Raises OSError."""
    shutil.copytree(sys.path[0], folder)
    sys.argv[0] = f"{folder}/{os.path.basename(sys.argv[0])}"


def _own_base(hierarchy: Path) -> Path:
    """The cgroup below which the lab's own begins: the scope that systemd delegated to us, or the root."""
    own = hierarchy / Path("/proc/self/cgroup").read_text().rpartition("0::/")[2].strip()
    if own != hierarchy and os.path.exists(f"/{SYSTEMD}"):
        leaf = own / "agent"
        leaf.mkdir(exist_ok=True)
        for pid in (own / "cgroup.procs").read_text().split():  # the warden is here too
            (leaf / "cgroup.procs").write_text(pid)
        return own
    return hierarchy


def _make_subtree(base: Path, journal: Journal) -> Path:
    """The lab's cgroup, with every controller that there is here."""
    known = _controlled_for_others(base, journal)
    enabled = set((base / "cgroup.subtree_control").read_text().split()) - known
    for name in _controllers(base):
        if name not in enabled:
            journal.note(Kind.CONTROL, f"+{name} {base}")
            _control(base, f"+{name}")
    subtree = base / f"{PREFIX}{journal.name}"
    journal.note(Kind.CGROUP, str(subtree))
    subtree.mkdir()
    return subtree


def _controlled_for_others(base: Path, journal: Journal) -> set[str]:
    """The controllers that are enabled for labs alone: the last of these to end is to disable them."""
    names = set()
    for path in paths():
        try:
            other = Journal(path)
        except OSError:
            continue  # it has just ended
        for kind, what in other.entries() if path != journal.path else []:
            change, _, place = what.partition(" ")
            if kind == Kind.CONTROL and place == str(base):
                names.add(change.removeprefix("+"))
        other.close()
    return names


def _controllers(cgroup: Path) -> list[str]:
    return (cgroup / "cgroup.controllers").read_text().split()


def _control(cgroup: Path, change: str) -> bool:
    """Whether the kernel took it: a controller may be in use elsewhere, or not be able to (cpu, with RT processes)."""
    try:
        (cgroup / "cgroup.subtree_control").write_text(change)
        return True
    except OSError:
        return False


def _build_world(root: str, upper: str, work_folder: str) -> None:
    """The world of a guest, on this host's kernel. `~/lab` is `work_folder` itself."""
    world.build(root, upper, f"{sys.path[0]}/student", shared=True)
    for mount in _host_mounts(root, work_folder):
        mount.execute()
    if os.path.isdir(f"/{SYSTEMD}"):
        os.makedirs(f"{root}/{SYSTEMD}")
        for program in filter(shutil.which, OF_SYSTEMD):
            path = Path(f"{root}/usr/local/sbin/{program}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_LOOKS.format(host=HOST, program=program))
            path.chmod(0o755)


def _host_mounts(root: str, work_folder: str) -> Iterator[Mount]:
    if work_folder:
        yield Mount(f"{root}{world.WORK_FOLDER}", source=work_folder, flags=syscalls.MS_BIND)
    if os.path.isdir(f"/{SYSTEMD}"):
        os.makedirs(f"{root}/{HOST}")
        yield Mount(f"{root}/{HOST}", source="/proc", flags=syscalls.MS_BIND)
    for name in SHARED:
        if os.path.exists(f"/{name}"):
            open(f"{root}/{name}", "wb").close()
            yield Mount(f"{root}/{name}", source=f"/{name}", flags=syscalls.MS_BIND)


def _enter(subtree: Path, root: str, journal: Journal) -> None:
    """In the spawner: the lab's cgroup, which is the root of what is seen at /sys/fs/cgroup, a leaf of it to live in,
    and the world, entered by pivot_root (under chroot(2), unshare --user is refused)."""
    os.setsid()
    me = ProcFS().process(int(os.readlink("/proc/self")))  # its pid on the host; for itself it is 1
    assert me is not None
    journal.note(Kind.PROCESS, f"{me.pid} {me.start_time}")
    (subtree / "cgroup.procs").write_text("0")
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWCGROUP)
    leaf = subtree / SHELL_CGROUP
    leaf.mkdir()
    (leaf / "cgroup.procs").write_text("0")
    Mount(f"{root}/proc", "proc", "proc").execute()
    world.cgroups(root).execute()
    os.chdir(root)
    syscalls.pivot_root(".", ".")
    syscalls.umount2(".", syscalls.MNT_DETACH)
    os.chdir("/")
    Path("/proc/self/oom_score_adj").write_text("-1000")
