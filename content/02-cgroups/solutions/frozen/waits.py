#!/usr/bin/python3
"""Freezing takes a moment: the kernel tells in cgroup.events when all have stopped."""

import time
from pathlib import Path

ice = Path("/sys/fs/cgroup/ice")
(ice / "cgroup.freeze").write_text("1\n")
while "frozen 1" not in (ice / "cgroup.events").read_text():
    time.sleep(0.01)
