"""Becomes what docker makes of a process by default, as far as labs can tell, and executes a command as that: its
capabilities, what its seccomp profile refuses without more, and a /dev of its own with a small, noexec /dev/shm. Where
no engine runs this shows how labs do in a container. For root, on x86-64.

    python3 -m tests.contained COMMAND…
"""

from __future__ import annotations

import errno
import os
import sys

from lablib.kernel import seccomp, syscalls
from lablib.kernel.mounts import Mount, private, tmpfs

CAPABILITIES = (
    "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "net_raw",
    "sys_chroot", "mknod", "audit_write", "setfcap",
)  # fmt: skip
REFUSED = {
    "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272, "setns": 308, "init_module": 175,
    "finit_module": 313, "kexec_load": 246, "reboot": 169, "swapon": 167, "sethostname": 170, "add_key": 248,
    "request_key": 249, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "name_to_handle_at": 303,
    "open_by_handle_at": 304, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432, "io_uring_setup": 425,
}  # fmt: skip
"""x86-64 calls that docker's profile refuses with EPERM where CAP_SYS_ADMIN is not given."""
CLONE, CLONE3 = 56, 435
NEW_NAMESPACES = 0x7E020000
NODES = ("null", "zero", "full", "random", "urandom", "tty")


def main() -> None:
    syscalls.unshare(syscalls.CLONE_NEWNS)
    private("/").execute()
    _make_dev()
    os.execvp(
        "setpriv",
        [
            "setpriv",
            f"--bounding-set=-all,{','.join(f'+{name}' for name in CAPABILITIES)}",
            "--inh-caps=-all",
            sys.executable,
            "-c",
            "import sys; from tests.contained import enter; enter(sys.argv[1:])",
            *sys.argv[1:],
        ],
    )


def enter(command: list[str]) -> None:
    """The last step, without the capabilities: the filter, and the command."""
    eperm = seccomp.errno_return(errno.EPERM)
    rules = [seccomp.Rule(number, eperm) for number in REFUSED.values()]
    rules.append(seccomp.Rule(CLONE, eperm, argument=0, mask=NEW_NAMESPACES))
    rules.append(seccomp.Rule(CLONE3, seccomp.errno_return(errno.ENOSYS)))
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.set_mode_filter(seccomp.compile_deny_list(rules))
    os.execvp(command[0], command)


def _make_dev() -> None:
    """Of the machine's /dev only the first nodes."""
    kept = {name: os.open(f"/dev/{name}", os.O_PATH) for name in NODES}
    tmpfs("/dev", size="64k", flags=syscalls.MS_NOSUID).execute()
    for name, node in kept.items():
        open(f"/dev/{name}", "wb").close()
        Mount(f"/dev/{name}", source=f"/proc/self/fd/{node}", flags=syscalls.MS_BIND).execute()
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    tmpfs("/dev/shm", mode=0o1777, size="64M", flags=flags).execute()
    Mount("/dev/pts", "devpts", "devpts", syscalls.MS_NOSUID, ("newinstance", "ptmxmode=666")).execute()
    os.symlink("pts/ptmx", "/dev/ptmx")
    os.symlink("/proc/self/fd", "/dev/fd")


if __name__ == "__main__":
    main()
