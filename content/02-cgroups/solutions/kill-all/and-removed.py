#!/usr/bin/python3
"""Ended, and the cgroups are taken away as well."""

import time
from pathlib import Path

crew = Path("/sys/fs/cgroup/crew")
(crew / "cgroup.kill").write_text("1")
while "populated 1" in (crew / "cgroup.events").read_text():
    time.sleep(0.05)
for cgroup in (crew / "deck/galley", crew / "deck", crew):
    cgroup.rmdir()
