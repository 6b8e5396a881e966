#!/usr/bin/python3
"""One rule for each call, which looks at one bit of its first argument."""

import errno
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, MASKED_EQ, Arg, SyscallFilter

CLONE_NEWUSER = 0x10000000

f = SyscallFilter(ALLOW)
for call in ("unshare", "clone"):
    f.add_rule(ERRNO(errno.EPERM), call, Arg(0, MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER))
f.add_rule(ERRNO(errno.ENOSYS), "clone3")
with Path("no-users.bpf").open("wb") as file:
    f.export_bpf(file)
