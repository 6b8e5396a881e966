#!/usr/bin/python3
"""A cgroup below it counts as well: a limit holds for the whole subtree, and so do its events."""

import os
import sys
from pathlib import Path

small = Path("/sys/fs/cgroup", os.environ.get("small", "small"))
(small / "inner").mkdir(parents=True)
(small / "memory.max").write_text(str(16 << 20))
pid = os.fork()
if pid == 0:
    (small / "inner/cgroup.procs").write_text("0")
    kept = b"x" * (32 << 20)
    sys.exit("nobody stopped me")
os.waitpid(pid, 0)
