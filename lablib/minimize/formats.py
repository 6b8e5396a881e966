"""An allow-list as others read it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from lablib.errors import LabsError
from lablib.minimize.oracle import ENOSYS, KILL

_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}

_PYSECCOMP = '''\
"""Runs a program under an allow-list: python3 THIS-FILE /absolute/path/of/program [ARGUMENT]…"""

import os
import sys

import pyseccomp as seccomp

ALLOWED = [
{names}
]

allow_list = seccomp.SyscallFilter({action})
for call in ALLOWED:
    allow_list.add_rule(seccomp.ALLOW, call)
allow_list.load()
os.execve(sys.argv[1], sys.argv[1:], os.environ)
'''


def text(names: Sequence[str], action: int) -> str:
    """A name in each line."""
    return "".join(f"{name}\n" for name in names)


def oci(names: Sequence[str], action: int) -> str:
    """A profile for `docker run --security-opt seccomp=FILE`, or `linux.seccomp` of an OCI configuration. Raises
    LabsError where a call has no name: it takes no numbers."""
    if unnamed := [name for name in names if name.isdigit()]:
        raise LabsError("minimize-names", calls=", ".join(unnamed))
    profile: dict[str, object] = {"defaultAction": "SCMP_ACT_KILL_PROCESS"}
    if action != KILL:
        profile = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": ENOSYS}
    profile["architectures"] = [_ARCHITECTURES[os.uname().machine]]
    profile["syscalls"] = [{"names": list(names), "action": "SCMP_ACT_ALLOW"}]
    return json.dumps(profile, indent=4) + "\n"


def pyseccomp(names: Sequence[str], action: int) -> str:
    """A program that loads the list and becomes what it is given."""
    lines = "\n".join(f"    {name if name.isdigit() else json.dumps(name)}," for name in names)
    default = "seccomp.KILL_PROCESS" if action == KILL else f"seccomp.ERRNO({ENOSYS})"
    return _PYSECCOMP.format(names=lines, action=default)
