"""The agent on a host: a subtree of cgroups for the lab, a world in namespaces of its own for the student's programs,
and the service on an inherited socket.

    labs ── standard input ═══ agent ── lab-init (enters the lab's cgroup, its namespaces and its root)
     └ waits for ── warden ──────┘      │
                    └ journal           the student's programs

The **warden** is started first; it takes away what a lab before left, begins a journal and forks the agent. However the
agent ends, and it ends with its line, the warden clears what is noted. A warden that is killed takes the agent along,
and whoever comes next finds the journal. lab-init ends with the agent, and with it, as the first process of their pid
namespace, every process of the student's.

Started as `python3 -IS …/start.py WORK-FOLDER`, with the line as standard input: sudo(8) closes all others. An empty
WORK-FOLDER is one that ends with the lab.

Where it is not started as root, all of this is in a user namespace, with the ids that subuid(5) gives, and the agent is
the first process of a pid namespace above the student's.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from lablib.kernel import keys, loop, syscalls, user_namespace
from lablib.kernel.mounts import Mount, private, tmpfs
from lablib.kernel.procfs import ProcFS
from lablib.machine.agent import spawner, world
from lablib.machine.agent.clearing import Cleared, clear, sweep
from lablib.machine.agent.features import OF_THE_MACHINE, features, features_of_user_namespace, loadable
from lablib.machine.agent.host_lab import HostLab
from lablib.machine.agent.journal import Journal, Kind, folder_of
from lablib.machine.agent.loopback import bring_loopback_up
from lablib.machine.agent.subtree import PREFIX, SYSTEMD, control, controllers, make_subtree, own_base
from lablib.machine.wire import TO_AGENT, TO_HOST, Type, greet, hello

SHELL_CGROUP = "shell"
"""Where the student's shells begin. The lab's root is no real root, so it cannot hold processes and give controllers to
children at once (cgroups(7), no internal processes)."""
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


def main() -> None:
    """The warden. Exits 0 when the agent did and everything was taken away."""
    work_folder, folder = sys.argv[1], folder_of(os.geteuid())
    line = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    rootless = os.geteuid() != 0
    if rootless:
        user_namespace.enter()  # the warden too, for it may have to take away what others' ids in there own
    sweep(folder)
    base = own_base(booted_with_systemd=os.path.isdir(f"/{SYSTEMD}"))
    journal, warden = Journal.begin(folder), os.pidfd_open(os.getpid())
    if rootless:
        syscalls.unshare(syscalls.CLONE_NEWPID)  # of the agent: it may return to none that is not of its user namespace
    agent = os.fork()
    if agent == 0:
        _become_agent(warden, journal, lambda notes: _serve(line, notes, base, work_folder))
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


def _become_agent(warden: int, journal: Journal, serve: Callable[[Journal], None]) -> None:
    """In the child: serves until the line ends. `warden` is a pidfd. Never returns."""
    status = 1
    try:
        # The warden alone holds the claim on the journal, and ends us if it ends.
        notes = Journal(journal.path)
        journal.close()
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        if not select.select([warden], [], [], 0)[0]:  # a pidfd can be read from when its process has ended
            os.close(warden)
            serve(notes)
            status = 0
    except BaseException as error:
        sys.stderr.write(f"labs: {error}\n")  # the last line of it is what the user is told
        sys.stderr.flush()
    finally:
        os._exit(status)


def _serve(line: int, journal: Journal, base: Path, work_folder: str) -> None:
    ids, rootless = user_namespace.id_count(), os.getpid() == 1
    subtree = make_subtree(base, journal)
    if not rootless:  # who is not root makes no loop devices, and has a keyring for each user namespace
        journal.note(Kind.LOOPS, " ".join([work_folder or "-", *map(str, loop.in_use())]))
        journal.note(Kind.KEYS, " ".join(map(str, keys.of_user())))
    run = f"{journal.folder}/{journal.name}"
    root, upper = f"{run}/world", f"{run}/upper"
    journal.note(Kind.FOLDER, run)
    os.mkdir(run, 0o700)
    # All mounts, the host name, what has a key of System V and network devices end with the last process in these
    # namespaces. A sysfs is mounted only by who owns the network namespace that it shows.
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWNET)
    bring_loopback_up()
    private("/").execute()
    if rootless:
        _note_holder(journal)
        Mount("/proc", "proc", "proc").execute()  # of the pid namespace that ends with us
    tmpfs(run).execute()
    _take_code_along(f"{run}/code")
    tmpfs(root).execute()
    os.mkdir(upper)
    _build_world(root, upper, work_folder, ids)
    syscalls.sethostname(world.HOSTNAME)
    whole = ids == world.ALL_IDS
    offered = [*features(loadable()), *OF_THE_MACHINE] if whole else features_of_user_namespace()
    syscalls.unshare(syscalls.CLONE_NEWPID)  # of the children to come, until `return_to_own_pids`
    end, first = spawner.fork_spawner(lambda: _enter(subtree, root, None if rootless else journal))
    spawner.return_to_own_pids()
    given = [name for name in controllers(subtree) if control(subtree, f"+{name}")]
    encoder, decoder = greet(line, TO_HOST, TO_AGENT)
    os.write(line, encoder.frame(Type.HELLO, 0, hello(os.uname().release, given, offered)))

    from lablib.machine.agent.service import Service

    lab = HostLab(subtree, Path(root), world.environment(root), first)
    Service(line, encoder, decoder, spawner.SpawnerClient(end), lab).run()


def _note_holder(journal: Journal) -> None:
    """That this process holds namespaces: by its pid on the host, whatever it is for itself."""
    me = ProcFS().process(int(os.readlink("/proc/self")))
    assert me is not None
    journal.note(Kind.PROCESS, f"{me.pid} {me.start_time}")


def _take_code_along(folder: str) -> None:
    """To where it stays as long as we do: provers start from it (`trials.py`), and whoever started us takes away what
    they made. Raises OSError."""
    shutil.copytree(sys.path[0], folder)
    sys.argv[0] = f"{folder}/{os.path.basename(sys.argv[0])}"


def _build_world(root: str, upper: str, work_folder: str, ids: int) -> None:
    """The world of a guest, on this host's kernel. `~/lab` is `work_folder` itself. What is about the whole machine
    only its root may see."""
    world.build(root, upper, f"{sys.path[0]}/student", shared=True, ids=ids)
    if work_folder:
        Mount(f"{root}{world.WORK_FOLDER}", source=work_folder, flags=syscalls.MS_BIND).execute()
    if ids == world.ALL_IDS:
        _show_machine(root)


def _show_machine(root: str) -> None:
    for mount in _machine_mounts(root):
        mount.execute()
    if os.path.isdir(f"/{SYSTEMD}"):
        os.makedirs(f"{root}/{SYSTEMD}")
        for program in filter(shutil.which, OF_SYSTEMD):
            path = Path(f"{root}/usr/local/sbin/{program}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_LOOKS.format(host=HOST, program=program))
            path.chmod(0o755)


def _machine_mounts(root: str) -> Iterator[Mount]:
    if os.path.isdir(f"/{SYSTEMD}"):
        os.makedirs(f"{root}/{HOST}")
        yield Mount(f"{root}/{HOST}", source="/proc", flags=syscalls.MS_BIND)
    for name in SHARED:
        if os.path.exists(f"/{name}"):
            open(f"{root}/{name}", "wb").close()
            yield Mount(f"{root}/{name}", source=f"/{name}", flags=syscalls.MS_BIND)


def _enter(subtree: Path, root: str, journal: Journal | None) -> None:
    """In the spawner: the lab's cgroup, which is the root of what is seen at /sys/fs/cgroup, a leaf of it to live in,
    and the world, entered by pivot_root (under chroot(2), unshare --user is refused). It is noted in `journal`, unless
    the agent is already, and spared by the OOM killer where root may say so."""
    os.setsid()
    keys.join_session_keyring()
    if journal is not None:
        _note_holder(journal)
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
    if user_namespace.id_count() == world.ALL_IDS:
        Path("/proc/self/oom_score_adj").write_text("-1000")
