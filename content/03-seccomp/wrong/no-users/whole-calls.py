#!/usr/bin/python3
# fails: other-flags-are-allowed seccomp.flags-not-looked-at
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, SyscallFilter

CLONE_NEWUSER = 0x10000000

f = SyscallFilter(ALLOW)
for call in ("unshare", "clone"):
    f.add_rule(ERRNO(1), call)
f.add_rule(ERRNO(38), "clone3")
with Path("no-users.bpf").open("wb") as file:
    f.export_bpf(file)
