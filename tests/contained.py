"""Becomes what docker makes of a process by default, and executes a command as that: namespaces but for users, an
overlay for its root, the paths of /proc and /sys masked or read-only, a /dev of its own with a small, noexec /dev/shm,
14 capabilities, and the calls refused that docker's seccomp profile does not allow them. Where no engine runs this
shows how labs do in a container. For root, on x86-64.

    python3 -m tests.contained COMMAND…

Source: the default spec of moby (oci/defaults.go, oci/caps/defaults.go, profiles/seccomp/default.json).
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from lablib.kernel import seccomp, syscalls
from lablib.kernel.cgroup2 import find_cgroup2
from lablib.kernel.mounts import File, Mount, Overlay, Symlink, private, tmpfs
from lablib.machine.agent.loopback import bring_loopback_up

PROJECT = Path(__file__).parents[1]
ROOT = "/mnt/root"
CAPABILITIES = (
    "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "net_raw",
    "sys_chroot", "mknod", "audit_write", "setfcap",
)  # fmt: skip
REFUSED = {
    "syslog": 103, "uselib": 134, "ustat": 136, "sysfs": 139, "vhangup": 153, "pivot_root": 155, "_sysctl": 156,
    "acct": 163, "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
    "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "create_module": 174, "init_module": 175,
    "delete_module": 176, "get_kernel_syms": 177, "query_module": 178, "quotactl": 179, "nfsservctl": 180,
    "lookup_dcookie": 212, "clock_settime": 227, "mbind": 237, "set_mempolicy": 238, "get_mempolicy": 239,
    "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "migrate_pages": 256, "unshare": 272,
    "move_pages": 279, "perf_event_open": 298, "fanotify_init": 300, "open_by_handle_at": 304, "setns": 308,
    "kcmp": 312, "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
    "quotactl_fd": 443, "set_mempolicy_home_node": 450,
}  # fmt: skip
"""x86-64 calls that the profile's allow-list lacks where no more capabilities are given. The newer docker is, the more
it refuses: io_uring since 25."""
SOCKET, CLONE, PERSONALITY, CLONE3 = 41, 56, 135, 435
AF_VSOCK = 40
NEW_NAMESPACES = 0x7E020000
PERSONALITIES = (0, 8, 0x20000, 0x20008, 0xFFFFFFFF)
"""ADDR_NO_RANDOMIZE, which User-Mode Linux asks for, is none of them."""
NAMESPACES = (
    syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWCGROUP
)  # fmt: skip
NODES = ("null", "zero", "full", "random", "urandom", "tty")
MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/scsi",
    "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
)  # fmt: skip
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
QUIET = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC


def main() -> None:
    """Ends as the command did."""
    syscalls.unshare(NAMESPACES)
    child = os.fork()
    if child == 0:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        _become(sys.argv[1:])
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _become(command: list[str]) -> None:
    """Never returns. The filter comes before the capabilities go, as runc does it where it sets no no_new_privs."""
    syscalls.sethostname("4711cafe0815")
    bring_loopback_up()
    private("/").execute()
    tmpfs("/mnt").execute()
    Overlay(ROOT, ["/"], "/mnt/upper", "/mnt/work").execute()
    for mount in (*_mounts(), *_devices()):
        mount.execute()
    os.chdir(ROOT)
    syscalls.pivot_root(".", ".")
    syscalls.umount2(".", syscalls.MNT_DETACH)
    os.chdir(PROJECT)
    for path in filter(os.path.exists, (*MASKED, *READ_ONLY)):
        _restrict(path, hidden=path in MASKED)
    seccomp.set_mode_filter(_profile())
    bounding = f"--bounding-set=-all,{','.join(f'+{name}' for name in CAPABILITIES)}"
    os.execvp("setpriv", ["setpriv", bounding, "--inh-caps=-all", *command])


def _mounts() -> Iterator[Mount | File]:
    """The project and its Python may lie on file systems of their own."""
    for folder in {str(PROJECT), str(Path(sys.prefix).resolve())}:
        yield Mount(f"{ROOT}{folder}", source=folder, flags=syscalls.MS_BIND)
        yield Mount(f"{ROOT}{folder}", flags=syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY)
    yield File(f"{ROOT}/.dockerenv")
    yield Mount(f"{ROOT}/proc", "proc", "proc", QUIET)
    yield Mount(f"{ROOT}/sys", "sysfs", "sysfs", QUIET | syscalls.MS_RDONLY)
    if find_cgroup2() is not None:
        yield Mount(f"{ROOT}/sys/fs/cgroup", "cgroup2", "cgroup2", QUIET | syscalls.MS_RDONLY)


def _devices() -> Iterator[Mount | File | Symlink]:
    """Of the machine's /dev only the first nodes."""
    dev = f"{ROOT}/dev"
    yield tmpfs(dev, size="64m", flags=syscalls.MS_NOSUID)
    for name in NODES:
        yield File(f"{dev}/{name}")
        yield Mount(f"{dev}/{name}", source=f"/dev/{name}", flags=syscalls.MS_BIND)
    yield tmpfs(f"{dev}/shm", mode=0o1777, size="64M", flags=QUIET)
    yield Mount(f"{dev}/pts", "devpts", "devpts", syscalls.MS_NOSUID, ("newinstance", "ptmxmode=666"))
    yield Mount(f"{dev}/mqueue", "mqueue", "mqueue", QUIET)
    yield Symlink(f"{dev}/ptmx", "pts/ptmx")
    yield Symlink(f"{dev}/fd", "/proc/self/fd")


def _restrict(path: str, *, hidden: bool) -> None:
    if hidden and os.path.isdir(path):
        tmpfs(path, flags=syscalls.MS_RDONLY).execute()
        return
    Mount(path, source="/dev/null" if hidden else path, flags=syscalls.MS_BIND | syscalls.MS_REC).execute()
    if not hidden:
        Mount(path, flags=syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY | QUIET).execute()


def _profile() -> bytes:
    eperm = seccomp.errno_return(errno.EPERM)
    rules = [seccomp.Rule(number, eperm) for number in REFUSED.values()]
    allowed = (seccomp.Rule(PERSONALITY, seccomp.RET_ALLOW, 0, value, equals=True) for value in PERSONALITIES)
    rules += [*allowed, seccomp.Rule(PERSONALITY, eperm)]
    rules.append(seccomp.Rule(SOCKET, eperm, argument=0, mask=AF_VSOCK, equals=True))
    rules.append(seccomp.Rule(CLONE, eperm, argument=0, mask=NEW_NAMESPACES))
    rules.append(seccomp.Rule(CLONE3, seccomp.errno_return(errno.ENOSYS)))
    return seccomp.compile_deny_list(rules)


if __name__ == "__main__":
    main()
