"""How many launches finding the fewest system calls takes, and what a launch costs against plainly starting the same
interpreter: `.venv/bin/python bench/minimize.py`. `--short` leaves the proof out, which takes seconds."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

from measure import medians, report, seconds

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lablib.kernel import seccomp
from lablib.minimize.launch import Filter, Launcher
from lablib.minimize.oracle import DENY, KILL, Oracle
from lablib.minimize.search import Found, minimize

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
PROGRAM = ["/usr/bin/python3", "-I", "-S", "-E", "-B", "-c", "print('hello')"]
ROUNDS = 100
EVERY_CALL = 362
"""Launches that leaving out every call there is would take, one by one: the calls of x86-64 that libseccomp knows."""


def plain() -> None:
    """Spawn and exec, the output thrown away, as posix_spawn(3) does it."""
    away = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    os.waitpid(os.posix_spawn(PROGRAM[0], PROGRAM, ENVIRONMENT, file_actions=away), 0)


def found(action: int, *, exact: bool = False) -> Found:
    with closing(Oracle(PROGRAM, ENVIRONMENT, action)) as oracle:
        return minimize(oracle, exact=exact)


def told(name: str, result: Found) -> None:
    state = "proved" if result.proved else "1-minimal"
    times = (
        f"{result.launches:5} launches {result.seconds:7.2f} s {1000 * result.seconds / result.launches:6.2f} ms each"
    )
    print(f"{name:<28} {len(result.calls):3} calls, {state:<9} {times}")


def main() -> None:
    minimal = found(DENY)
    allowed = Filter(dict.fromkeys(minimal.calls, seccomp.RET_ALLOW), DENY)
    everything = Filter({}, seccomp.RET_USER_NOTIF)
    with closing(Launcher(PROGRAM, ENVIRONMENT)) as launcher:
        reference = "posix_spawn of the same interpreter"
        actions = {
            reference: lambda: seconds(plain),
            "launched without a filter": lambda: launcher.launch(None, 10).seconds,
            "launched under the smallest list": lambda: launcher.launch(allowed, 10).seconds,
            "launched and watched": lambda: launcher.launch(everything, 10, lambda *_: None).seconds,
        }
        report(medians(actions, ROUNDS), reference)
    told("KILL_PROCESS", found(KILL))
    told("ENOSYS", minimal)
    print(f"{'':<28} leaving out of all calls one by one: {EVERY_CALL} launches, x {EVERY_CALL / minimal.launches:.1f}")
    if "--short" not in sys.argv:
        told("ENOSYS, --exact", found(DENY, exact=True))


if __name__ == "__main__":
    main()
