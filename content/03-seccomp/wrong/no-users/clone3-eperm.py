#!/usr/bin/python3
# fails: clone3-is-as-if-it-did-not-exist seccomp.clone3-breaks-threads
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, MASKED_EQ, Arg, SyscallFilter

CLONE_NEWUSER = 0x10000000

f = SyscallFilter(ALLOW)
for call in ("unshare", "clone"):
    f.add_rule(ERRNO(1), call, Arg(0, MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER))
f.add_rule(ERRNO(1), "clone3")
with Path("no-users.bpf").open("wb") as file:
    f.export_bpf(file)
