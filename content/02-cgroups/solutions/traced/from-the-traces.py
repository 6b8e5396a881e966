#!/usr/bin/python3
"""The answers made of the traces by a program, whatever these tools do on this machine."""

import re
import subprocess
from pathlib import Path

COMMANDS = (
    ["cgcreate", "-g", "memory:traced"],
    ["cgset", "-r", "memory.max=16777216", "traced"],
    ["cgexec", "-g", "memory:traced", "true"],
    ["cgdelete", "memory:traced"],
)
CALLS = (
    ("mkdir", r'mkdir\("(/sys/fs/cgroup/[^"]+)".* = 0'),
    ("open", r'openat\(AT_FDCWD[^,]*, "(/sys/fs/cgroup/[^"]+)", O_(?:WRONLY|RDWR).* = \d'),
    ("write", r"write\(\d+<(/sys/fs/cgroup/[^>]+)>.* = \d"),
    ("rmdir", r'rmdir\("(/sys/fs/cgroup/[^"]+)"\).* = 0'),
)
answers = []
for command in COMMANDS:
    subprocess.run(["strace", "-y", "-e", "trace=%file,write", "-o", "trace", *command], check=True)
    trace = Path("trace").read_text()
    answers += [f"{command[0]} {call} {path}" for call, form in CALLS for path in re.findall(form, trace)]
Path("traced").write_text("\n".join(answers))
