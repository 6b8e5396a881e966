"""What a live view costs the agent, beside reading the same files once: `.venv/bin/python bench/views.py`.

A thousand cgroups as plain files in a temporary folder, so that it runs anywhere; what is compared is our work.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from measure import seconds

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lablib.machine.agent.views import VIEWS, Sweep
from tests.unit.fake_kernel import FakeKernel

CGROUPS = 1000
FILES = {"cpu.stat": "usage_usec 0", "cpu.max": "max 100000", "pids.current": "0", "pids.max": "max"}
FILES |= {"memory.current": "0", "memory.max": "max", "memory.high": "max", "memory.events": "oom_kill 0"}


def kernel(folder: Path) -> FakeKernel:
    made = FakeKernel(folder)
    for number in range(CGROUPS):
        path = made.cgroup(f"{number:04}")
        for name, text in FILES.items():
            (path / name).write_text(text + "\n")
    return made


def read_all(folder: Path) -> None:
    for path in folder.glob("cgroup/*/*"):
        path.read_bytes()


def sweep(made: Sweep, sent: list[int]) -> list[float]:
    """How long each round took, to the end of the view; the bytes that each sent are added to `sent`."""
    took = []
    while True:
        took.append(seconds(lambda: sent.append(sum(map(len, made.look())))))
        if made.whole:
            return took


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = Sweep(VIEWS["cgroups"](), kernel(folder).context)
        first, again = list[int](), list[int]()
        sweep(made, first)
        rounds = sweep(made, again)
        once = statistics.median(seconds(lambda: read_all(folder)) for _ in range(3))
        print(f"reading all files of {CGROUPS} cgroups once: {1000 * once:.1f} ms")
        print(f"looking at all of them: {1000 * sum(rounds):.1f} ms, x {sum(rounds) / once:.2f}, {len(rounds)} rounds")
        print(f"the longest round: {1000 * max(rounds):.1f} ms")
        print(f"sent at first: {sum(first)} bytes; the second time, when nothing had changed: {sum(again)}")


if __name__ == "__main__":
    main()
