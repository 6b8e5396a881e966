"""Closes bpf(2). Whoever has CAP_SYS_ADMIN, as root in the student's world must, can trace the kernel and the agent by
it. So a BPF program of our own is asked first whether a call may be, as a security module is, and refuses all but what
container runtimes do to name the devices of a cgroup. Nobody takes it away again, for that would be a call of bpf(2).
Source: bpf(2), Documentation/bpf/prog_lsm.rst, include/uapi/linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import os
import struct

from lablib.kernel import syscalls

HOOK = "bpf_lsm_bpf"
"""The function of the kernel that the program is attached to."""
_NUMBERS = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _PROG_ATTACH, _PROG_DETACH, _PROG_QUERY, _RAW_TRACEPOINT_OPEN = 5, 8, 9, 16, 17
_CGROUP_DEVICE, _LSM = 15, 29
_LSM_MAC = 27
_ATTACH_TYPE, _ATTACH_BTF_ID = 68, 108
"""Where union bpf_attr has them."""
_LDX_DW, _LDX_W, _JEQ, _JNE, _MOV, _EXIT = 0x79, 0x61, 0x15, 0x55, 0xB7, 0x95
_R0, _R1, _R2, _R3 = range(4)


def _instruction(code: int, to: int = 0, source: int = 0, offset: int = 0, constant: int = 0) -> bytes:
    return struct.pack("<BBhi", code, source << 4 | to, offset, constant)


PROGRAM = b"".join(
    (
        _instruction(_LDX_DW, _R2, _R1),  # the command
        _instruction(_JEQ, _R2, offset=6, constant=_PROG_ATTACH),
        _instruction(_JEQ, _R2, offset=5, constant=_PROG_DETACH),
        _instruction(_JEQ, _R2, offset=4, constant=_PROG_QUERY),
        _instruction(_JNE, _R2, offset=5, constant=_PROG_LOAD),
        _instruction(_LDX_DW, _R3, _R1, offset=8),  # union bpf_attr
        _instruction(_LDX_W, _R3, _R3),  # the type of the program to be loaded
        _instruction(_JNE, _R3, offset=2, constant=_CGROUP_DEVICE),
        _instruction(_MOV, _R0, constant=0),
        _instruction(_EXIT),
        _instruction(_MOV, _R0, constant=-1),  # EPERM
        _instruction(_EXIT),
    )
)


def close_bpf(hook: int) -> None:
    """From now on nobody loads a program or makes a map, for as long as this process is there. `hook` is the number of
    HOOK in the types of this kernel. Raises OSError."""
    instructions, licence = ctypes.create_string_buffer(PROGRAM, len(PROGRAM)), ctypes.create_string_buffer(b"GPL")
    load = struct.pack("<2I2Q", _LSM, len(PROGRAM) // 8, ctypes.addressof(instructions), ctypes.addressof(licence))
    load = load.ljust(_ATTACH_TYPE, b"\0") + struct.pack("<I", _LSM_MAC)
    program = _bpf(_PROG_LOAD, load.ljust(_ATTACH_BTF_ID, b"\0") + struct.pack("<I", hook))
    _bpf(_RAW_TRACEPOINT_OPEN, struct.pack("<QI", 0, program))  # its descriptor stays open
    os.close(program)


def _bpf(command: int, attributes: bytes) -> int:
    padded = attributes + bytes(-len(attributes) % 8)
    buffer = ctypes.create_string_buffer(padded, len(padded))
    return syscalls.syscall("bpf", _NUMBERS[os.uname().machine], command, buffer, len(padded))
