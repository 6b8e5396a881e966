"""Measuring side by side: everything in turn, again and again, so that what else the machine does falls on all."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def timed(argv: Sequence[str]) -> Callable[[], float]:
    """An action that runs `argv` to its end, its output thrown away. Raises CalledProcessError."""
    return lambda: seconds(lambda: subprocess.run(argv, stdout=subprocess.DEVNULL, check=True))


def medians(actions: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of what each action returns, in seconds. One round goes before those that count."""
    found: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name, action in actions.items():
            took = action()
            if number:
                found[name].append(took)
    return {name: statistics.median(values) for name, values in found.items()}


def report(times: Mapping[str, float], reference: str) -> None:
    """One line each: milliseconds, how many times the reference, and how much more than it."""
    base = times[reference]
    for name, took in times.items():
        compared = "reference" if name == reference else f"x {took / base:5.2f}   {1000 * (took - base):+9.2f} ms"
        print(f"{name:<44}{1000 * took:10.2f} ms   {compared}")
