#!/usr/bin/python3
"""A sleep of one's own, started and then moved, from Python."""

import subprocess
from pathlib import Path

test = Path("/sys/fs/cgroup/test")
test.mkdir()
sleep = subprocess.Popen(["sleep", "1d"])
(test / "cgroup.procs").write_text(str(sleep.pid))
