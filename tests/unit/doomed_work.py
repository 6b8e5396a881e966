"""What workers do in tests of dispatch, in processes of their own: a job's content says how it goes."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from lablib.grading.job import pack
from lablib.grading.report import Report
from lablib.verdict import Result, Verdict


def work(batch: str) -> str:
    jobs = json.loads(batch)
    return json.dumps([_one(str(job["item"]), base64.b64decode(job["content"]).decode()) for job in jobs])


def _one(item: str, content: str) -> dict[str, Any]:
    word, _, rest = content.partition(" ")
    if word == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "dies-once" and not Path(rest).exists():
        Path(rest).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "raises":
        raise ValueError(rest)
    if word == "other":
        item = "cgroups/other"
    if word == "sleeps":
        time.sleep(float(rest))
    return pack(Report(item, Verdict.PASS, (Result("a", Verdict.PASS),), "none", 0.0))
