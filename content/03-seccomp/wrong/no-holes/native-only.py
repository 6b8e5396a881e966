#!/usr/bin/python3
# fails: mkdir-is-refused-to-i386 seccomp.i386-killed
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(1), "mkdir")
f.add_rule(ERRNO(1), "mkdirat")
with Path("closed.bpf").open("wb") as file:
    f.export_bpf(file)
