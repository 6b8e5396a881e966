#!/usr/bin/python3
# fails: mkdir-fails-with-eperm seccomp.not-a-filter
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, SyscallFilter

f = SyscallFilter(ALLOW)
f.add_rule(ERRNO(1), "mkdir")
f.add_rule(ERRNO(1), "mkdirat")
f.add_rule(KILL_PROCESS, "sethostname")
with Path("first.bpf").open("w") as file:
    f.export_pfc(file)
