#!/usr/bin/python3
"""The same from Python: a cgroup is a directory, and its files are read and written."""

from pathlib import Path

test = Path("/sys/fs/cgroup/test")
for name in ("a", "b"):
    (test / name).mkdir()
for pid in (test / "cgroup.procs").read_text().split():
    (test / "b" / "cgroup.procs").write_text(pid)
(test / "cgroup.subtree_control").write_text("+memory")
