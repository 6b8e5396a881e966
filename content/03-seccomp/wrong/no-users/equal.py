#!/usr/bin/python3
# fails: new-user-namespaces-are-refused seccomp.only-that-value
from pathlib import Path

from pyseccomp import ALLOW, EQ, ERRNO, Arg, SyscallFilter

CLONE_NEWUSER = 0x10000000

f = SyscallFilter(ALLOW)
for call in ("unshare", "clone"):
    f.add_rule(ERRNO(1), call, Arg(0, EQ, CLONE_NEWUSER))
f.add_rule(ERRNO(38), "clone3")
with Path("no-users.bpf").open("wb") as file:
    f.export_bpf(file)
