"""The first process of a guest: mounts, the student's world and its jail, then the agent's service on the serial line.

Started by the guest kernel as `python3 -IS …/start.py`; ends by powering the guest off.
"""

from __future__ import annotations

import gc
import os
import sys
import termios

from lablib.kernel import syscalls
from lablib.kernel.capabilities import Cap, give_up
from lablib.kernel.mounts import Mount, private, tmpfs
from lablib.machine.agent import spawner, world
from lablib.machine.agent.features import OF_THE_MACHINE, features
from lablib.machine.wire import TO_AGENT, TO_HOST, Type, greet, hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

RUN = "/run"
ROOT = "/run/world"
UPPER = "/run/upper"
CGROUP = "/sys/fs/cgroup"
SERIAL = "/dev/ttyS0"

MODULES = ("fs/overlayfs/overlay.ko", "fs/squashfs/squashfs.ko", "drivers/block/loop.ko")
"""Needed below /usr/lib/uml/modules/RELEASE/kernel unless the kernel has them built in: the first for the student's
world, the others for images that are mounted in it, which cannot load them itself."""

KEPT_DEVICES = frozenset(
    {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fuse", "net", "tun", "loop-control"}
)
"""devtmpfs is one file system wherever it is mounted, and root may mount it: what a student must not open is removed
from it, the serial line first of all."""

DROPPED = (
    Cap.SYS_MODULE,
    Cap.SYS_RAWIO,
    Cap.SYS_BOOT,
    Cap.MKNOD,
    Cap.SYS_TIME,
    Cap.BPF,
    Cap.PERFMON,
    Cap.MAC_OVERRIDE,
    Cap.MAC_ADMIN,
    Cap.AUDIT_WRITE,
    Cap.AUDIT_CONTROL,
    Cap.AUDIT_READ,
)
"""Each of these reaches round the jail. SYS_PTRACE stays: nsenter(1) and /proc/PID/ns of another uid need it."""

THREADS_MAX = 1500
"""Every process of a guest is one of the host's too: a fork bomb ends here (proc(5), /proc/sys/kernel/threads-max)."""

SYSCTLS = {
    # core_pattern and its like run programs outside any namespace with every capability: give them none.
    "kernel/usermodehelper/bset": "0 0",
    "kernel/usermodehelper/inheritable": "0 0",
    "kernel/threads-max": str(THREADS_MAX),
    "kernel/printk": "1",
}

OF_A_GUEST = (*OF_THE_MACHINE, "root_cgroup")
"""The last is what no world on a shared kernel has: its /sys/fs/cgroup is the root of the hierarchy."""
_NICE = -20
"""The agent answers also where a student's processes fill the guest (sched(7): one of real-time priority could be
starved by another of the same, this one by none)."""


def main(bring_up: Callable[[], int] | None = None) -> None:
    """`bring_up` does what the kernel's kind still needs, and opens the line to our side; it is called once all that
    the agent itself looks at is mounted. If not given, the kernel is User-Mode Linux. Never returns: the kernel panics
    when its first process does."""
    try:
        _serve(bring_up or _bring_up)
    except BaseException:
        import traceback

        traceback.print_exc()  # goes to the console, whose tail our side shows when a guest does not come up
        sys.stderr.flush()
    finally:
        syscalls.reboot(syscalls.LINUX_REBOOT_CMD_POWER_OFF)


def _serve(bring_up: Callable[[], int]) -> None:
    """Imports as little as it can until the hello: each page that Python fills costs a guest a page fault."""
    _mount_own()
    line = bring_up()
    _remove_devices("/dev")
    _set_sysctls()
    controllers = _enable_controllers()
    world.build(ROOT, UPPER, f"{sys.path[0]}/student")
    syscalls.sethostname(world.HOSTNAME)
    syscalls.unshare(syscalls.CLONE_NEWPID)  # of the children to come, until `return_to_own_pids`
    end, first = spawner.fork_spawner(_enter_jail)
    os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    encoder, decoder = greet(line, TO_HOST, TO_AGENT)
    os.write(line, encoder.frame(Type.HELLO, 0, hello(os.uname().release, controllers, [*features(), *OF_A_GUEST])))

    # The rest is imported while the other side reads that: each page that Python fills costs a guest a page fault.
    from pathlib import Path

    from lablib.machine.agent.lab import GuestLab
    from lablib.machine.agent.loopback import bring_loopback_up
    from lablib.machine.agent.service import Service

    bring_loopback_up()
    spawner.return_to_own_pids()
    gc.freeze()
    gc.enable()
    lab = GuestLab(
        Path(ROOT, "dev/pts"), world.environment(ROOT), Path(CGROUP), world.WORK_FOLDER, Path(ROOT), first, DROPPED
    )
    Service(line, encoder, decoder, spawner.SpawnerClient(end), lab).run()


def _mount_own() -> None:
    """What the agent itself looks at. Nothing of it is visible in the student's world, nor can that change it."""
    private("/").execute()
    Mount("/proc", "proc", "proc").execute()
    tmpfs(RUN, size="80%").execute()
    Mount("/sys", "sysfs", "sysfs").execute()
    Mount(CGROUP, "cgroup2", "cgroup2", options=("nsdelegate",)).execute()
    tmpfs(ROOT).execute()
    os.mkdir(UPPER)


def _set_sysctls() -> None:
    for name, value in SYSCTLS.items():
        _write(f"/proc/sys/{name}", value)


def _enable_controllers() -> list[str]:
    """A cgroup under the root has only the controllers that the root's subtree_control names (cgroups(7))."""
    with open(f"{CGROUP}/cgroup.controllers", encoding="ascii") as file:
        controllers = file.read().split()
    _write(f"{CGROUP}/cgroup.subtree_control", " ".join(f"+{name}" for name in controllers))
    return controllers


def _bring_up() -> int:
    """Loads what Debian's kernel has as modules; the serial line, raw."""
    modules = f"/usr/lib/uml/modules/{os.uname().release}/kernel"
    for module in MODULES:
        if os.path.exists(f"{modules}/{module}"):
            syscalls.finit_module(f"{modules}/{module}")
    line = os.open(SERIAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    _set_raw(line)
    return line


def _remove_devices(folder: str) -> None:
    """No name is left for the line, or for any other device that a student should not have."""
    for entry in list(os.scandir(folder)):
        if entry.name in KEPT_DEVICES:
            continue
        if entry.is_dir(follow_symlinks=False):
            _remove_devices(entry.path)
        else:
            os.unlink(entry.path)


def _set_raw(line: int) -> None:
    """cfmakeraw(3); Python's `tty` has it too, and from 3.12 on imports more than we wait for."""
    iflag, oflag, cflag, _, *rest = termios.tcgetattr(line)
    iflag &= ~(termios.BRKINT | termios.ICRNL | termios.INPCK | termios.ISTRIP | termios.IXON)
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    termios.tcsetattr(line, termios.TCSANOW, [iflag, oflag & ~termios.OPOST, cflag, 0, *rest])


def _write(path: str, text: str) -> None:
    with open(path, "wb", buffering=0) as file:
        file.write(text.encode())


def _enter_jail() -> None:
    """In the spawner, the first process of the student's world: a mount namespace of its own, entered by pivot_root
    (under chroot(2), unshare --user is refused), without the capabilities that lead out of it."""
    os.setsid()
    syscalls.unshare(syscalls.CLONE_NEWNS)
    Mount(f"{ROOT}/proc", "proc", "proc").execute()
    os.chdir(ROOT)
    syscalls.pivot_root(".", ".")
    syscalls.umount2(".", syscalls.MNT_DETACH)
    os.chdir("/")
    _write("/proc/self/oom_score_adj", "-1000")
    give_up(DROPPED)
