#!/usr/bin/python3
# fails: new-user-namespaces-are-refused seccomp.new-users-allowed
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, MASKED_EQ, Arg, SyscallFilter

CLONE_NEWUSER = 0x10000000

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(1), "unshare", Arg(0, MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER))
f.add_rule(ERRNO(38), "clone3")
with Path("no-users.bpf").open("wb") as file:
    f.export_bpf(file)
