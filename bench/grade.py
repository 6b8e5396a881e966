"""How many one-task submissions are graded a minute, against booting as many guests one after another and against a
container for each; whether that stays so for many; and what a Dask cluster adds:
`.venv/bin/python bench/grade.py [MOST]`, MOST being the largest cohort, 500 if not given."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from measure import seconds
from references import container

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lablib.grading.cluster import BATCH, DaskWorkers
from lablib.grading.dispatch import Dispatch, Workers
from lablib.grading.job import Job
from lablib.grading.local import LocalWorkers
from lablib.machine.choose import guest_factory
from lablib.verdict import Verdict
from tests.clusters import cluster

TASK = "cgroups/memory-only"
SOLUTION = (PROJECT / "content/02-cgroups/solutions/memory-only/leaf-beside.sh").read_bytes()
CORES = 2
BOOTS = 20
SIZES = (10, 100, 500)


def graded(count: int, workers: Workers) -> float:
    """Seconds from the first job's sending to the last report, workers' start included."""

    def run() -> None:
        jobs = (Job(f"s{number}", TASK, SOLUTION) for number in range(count))
        for _, report in Dispatch(workers).run(jobs):
            assert report.verdict is Verdict.PASS, report

    return seconds(run)


def booted(count: int) -> float:
    """Seconds for guests that come up and go, one after another."""
    make = guest_factory()

    def run() -> None:
        for _ in range(count):
            with closing(make()) as machine:
                machine.open()

    return seconds(run)


def contained(count: int, start: Callable[[], float]) -> float:
    return sum(start() for _ in range(count))


def tell(name: str, each: float, reference: float) -> None:
    """One line: milliseconds for each, how many a minute, and how many times the reference's rate that is."""
    print(f"{name:<52}{1000 * each:9.1f} ms  {60 / each:8.0f} a minute   x {reference / each:5.2f}")


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    booted(2)
    boot = booted(BOOTS) / BOOTS / CORES
    tell(f"booting guests, {CORES} cores' bound", boot, boot)
    with container() as engine:
        if engine is not None:
            name, start = engine
            tell(f"{name} run for each, one after another", contained(BOOTS, start) / BOOTS, boot)
    sizes = [size for size in SIZES if size <= most]
    for size in sizes:
        tell(f"graded, {size} submissions", graded(size, LocalWorkers(CORES)) / size, boot)
    size = 2 * CORES * BATCH  # the same number of batches for each worker
    with ExitStack() as undo:
        made = undo.enter_context(cluster(Path(undo.enter_context(tempfile.TemporaryDirectory())), workers=CORES))
        graded(2 * CORES, DaskWorkers(made.address, batch=1))
        there = graded(size, DaskWorkers(made.address))
    here = graded(size, LocalWorkers(CORES))
    print(
        f"a cluster of {CORES} workers on this machine, batches of {BATCH}: {there / here:.3f} x the time of processes"
    )


if __name__ == "__main__":
    main()
