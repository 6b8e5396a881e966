#!/usr/bin/python3
"""Ended as before cgroup.kill there was: no more room, so that none is born while they are killed one by one."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

bomb, room = Path("/sys/fs/cgroup", os.environ.get("bomb", "bomb")), os.environ.get("room", "20")
bomb.mkdir()
(bomb / "pids.max").write_text(room)
if os.fork() == 0:
    (bomb / "cgroup.procs").write_text("0")
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.1)
time.sleep(1)
(bomb / "pids.max").write_text("0")
while pids := (bomb / "cgroup.procs").read_text().split():
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    time.sleep(0.1)
(bomb / "pids.max").write_text(room)
