"""A real Dask cluster on this machine: a scheduler and workers, each a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.guests import below

PROJECT = Path(__file__).parents[1]
DASK = [sys.executable, "-m", "dask"]
START_SECONDS = 60.0


@dataclass(frozen=True)
class Cluster:
    """`worker` is the nanny that keeps the worker processes."""

    address: str
    worker: int

    def workers(self) -> list[int]:
        """The processes that grade, as they are now."""
        return [
            pid
            for pid in below(self.worker)
            if b"--multiprocessing-fork" in _cmdline(pid) or b"spawn_main" in _cmdline(pid)
        ]


@contextmanager
def cluster(
    folder: Path, *, workers: int = 2, options: Sequence[str] = (), environment: dict[str, str] | None = None
) -> Iterator[Cluster]:
    """One that listens on 127.0.0.1 alone. `options` go to both, such as --tls-key."""
    file = folder / "scheduler.json"
    inherited = dict(os.environ) if environment is None else environment
    there = inherited | {"PYTHONPATH": str(PROJECT), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    common = ["--scheduler-file", str(file), "--no-dashboard", *options]
    protocol = ["--protocol", "tls"] if options else []
    with ExitStack() as undo:
        undo.enter_context(
            _started([*DASK, "scheduler", "--host", "127.0.0.1", "--port", "0", *protocol, *common], there)
        )
        end = time.monotonic() + START_SECONDS
        while not (file.exists() and file.read_text().endswith("}")):
            assert time.monotonic() < end, "the scheduler does not come up"
            time.sleep(0.05)
        many = ["--nworkers", str(workers), "--nthreads", "1", "--local-directory", str(folder)]
        nanny = undo.enter_context(_started([*DASK, "worker", "--host", "127.0.0.1", *many, *common], there))
        yield Cluster(json.loads(file.read_text())["address"], nanny.pid)


@contextmanager
def _started(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
