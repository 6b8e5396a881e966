#!/usr/bin/python3
# fails: all-else-is-allowed seccomp.refuses-others
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, SyscallFilter

f = SyscallFilter(ERRNO(1))
for call in ("read", "write", "openat", "close", "execve", "mmap", "brk", "exit_group"):
    f.add_rule(ALLOW, call)
f.add_rule(KILL_PROCESS, "sethostname")
with Path("first.bpf").open("wb") as file:
    f.export_bpf(file)
