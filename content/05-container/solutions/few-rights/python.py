#!/usr/bin/env python3
import ctypes
import os
import struct
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
KEPT = {0, 5, 6, 7}  # CAP_CHOWN, CAP_KILL, CAP_SETGID, CAP_SETUID
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 24, 38, 22, 2
REBOOT = 169  # on x86_64


class Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


told, tell = os.pipe()  # closed by execve(2): so the script ends when the sleep is there
if os.fork() == 0:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for number in set(range(last + 1)) - KEPT:
        call("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    code = (
        struct.pack("HBBI", 0x20, 0, 0, 0)  # load the number of the call
        + struct.pack("HBBI", 0x15, 0, 1, REBOOT)
        + struct.pack("HBBI", 0x06, 0, 0, 0x00050000 | 1)  # SECCOMP_RET_ERRNO, EPERM
        + struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)  # SECCOMP_RET_ALLOW
    )
    call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(code) // 8, code)), 0, 0)
    os.execv("/bin/sleep", ["sleep", "1d"])
os.close(tell)
os.read(told, 1)
