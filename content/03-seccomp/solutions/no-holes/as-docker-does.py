#!/usr/bin/python3
"""All three, as docker's profile has them: x32 is answered by the same rules."""

import errno
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, Arch, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_arch(Arch.X86)
f.add_arch(Arch.X32)
f.add_rule(ERRNO(errno.EPERM), "mkdir")
f.add_rule(ERRNO(errno.EPERM), "mkdirat")
with Path("closed.bpf").open("wb") as file:
    f.export_bpf(file)
