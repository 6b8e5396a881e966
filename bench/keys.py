"""From a key to its echo on the screen, against the same keys through tmux to the same shell:
`.venv/bin/python bench/keys.py`.

Keys come as a quick typist's do, at uneven distances, so that they fall on every moment between two paints. Both are
asked in turn, a line at a time.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from subprocess import run

from terminals import PROJECT, Watched, python

LINES = 20
LETTERS = "QXZJVWKY" * 5
"""A line of keys that neither a prompt nor the lesson's own lines have."""
PAUSES = (0.04, 0.16)
"""Seconds between two keys, at least and at most: 75 to 300 words a minute."""
ERASE = "\x15"


def line(program: Watched, pauses: Sequence[float]) -> list[float]:
    """Types one line key by key; how long each took to be seen."""
    took = []
    for letter, pause in zip(LETTERS, pauses, strict=True):
        program.rest(pause)
        typed = program.type(letter)
        took.append(program.until(letter) - typed)
    program.type(ERASE)
    program.rest(0.3)
    return took


def p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def main() -> None:
    random.seed(1)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        tmux = ["tmux", "-u", "-f", "/dev/null", "-S", f"{folder}/socket"]
        through_tmux = stack.enter_context(
            Watched([*tmux, "new-session", "env", "PS1=lab# ", "bash", "--norc", "--noprofile"])
        )
        stack.callback(run, [*tmux, "kill-server"], check=True)
        through_lesson = stack.enter_context(
            Watched(python(str(PROJECT / "bench/local_lesson.py"), str(Path(folder, "lags"))))
        )
        programs = {"through tmux": through_tmux, "through the lesson": through_lesson}
        found: dict[str, list[float]] = {name: [] for name in programs}
        for program in programs.values():
            program.until("lab#")
            program.rest(1)
        for _ in range(LINES):
            pauses = [random.uniform(*PAUSES) for _ in LETTERS]
            for name, program in programs.items():
                found[name] += line(program, pauses)
    reference = found["through tmux"]
    for name, values in found.items():
        told = (
            f"{called} {1000 * of(values):.2f} ms, x {of(values) / of(reference):.2f}"
            for called, of in (("median", statistics.median), ("p99", p99))
        )
        print(f"{name:<20} {len(values)} keys: {'; '.join(told)}")


if __name__ == "__main__":
    main()
