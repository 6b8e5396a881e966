#!/usr/bin/python3
# fails: mkdir-is-refused-to-i386 seccomp.i386-hole
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, Arch, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(1), "mkdir")
f.add_rule(ERRNO(1), "mkdirat")
f.add_arch(Arch.X86)
with Path("closed.bpf").open("wb") as file:
    f.export_bpf(file)
