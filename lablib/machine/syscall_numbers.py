"""Numbers of system calls that a guest's kernel process is refused, on each processor where one can be confined.
Source: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h."""

from __future__ import annotations

_EVERYWHERE = {
    "fchmodat2": 452, "setxattrat": 463, "removexattrat": 466, "file_setattr": 469, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "mount_setattr": 442, "io_uring_setup": 425,
    "pidfd_open": 434, "pidfd_getfd": 438, "pidfd_send_signal": 424, "openat2": 437,
}  # fmt: skip

NUMBERS = {
    "x86_64": _EVERYWHERE | {
        "chmod": 90, "fchmodat": 268, "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260, "utime": 132,
        "utimes": 235, "futimesat": 261, "utimensat": 280, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190,
        "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "mount": 165, "umount2": 166,
        "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308, "kexec_load": 246, "kexec_file_load": 320,
        "init_module": 175, "finit_module": 313, "delete_module": 176, "reboot": 169, "swapon": 167, "swapoff": 168,
        "bpf": 321, "perf_event_open": 298, "acct": 163, "quotactl": 179, "settimeofday": 164, "clock_settime": 227,
        "sethostname": 170, "setdomainname": 171, "add_key": 248, "request_key": 249, "keyctl": 250,
        "open_by_handle_at": 304, "socket": 41, "connect": 42, "process_vm_readv": 310, "process_vm_writev": 311,
        "fchmod": 91, "kill": 62, "truncate": 76, "open": 2, "openat": 257, "creat": 85,
    },
    "aarch64": _EVERYWHERE | {
        "fchmodat": 53, "fchown": 55, "fchownat": 54, "utimensat": 88, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7,
        "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16, "mount": 40, "umount2": 39, "pivot_root": 41,
        "chroot": 51, "unshare": 97, "setns": 268, "kexec_load": 104, "kexec_file_load": 294, "init_module": 105,
        "finit_module": 273, "delete_module": 106, "reboot": 142, "swapon": 224, "swapoff": 225, "bpf": 280,
        "perf_event_open": 241, "acct": 89, "quotactl": 60, "settimeofday": 170, "clock_settime": 112,
        "sethostname": 161, "setdomainname": 162, "add_key": 217, "request_key": 218, "keyctl": 219,
        "open_by_handle_at": 265, "socket": 198, "connect": 203, "process_vm_readv": 270, "process_vm_writev": 271,
        "fchmod": 52, "kill": 129, "truncate": 45, "openat": 56,
    },
}  # fmt: skip
"""By what uname(2) calls the processor, and by the call's name. Of older calls a newer processor has none."""
