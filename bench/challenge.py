"""What grading an allow-list for Python costs, natively and in a guest, and what the proof of the minimum costs that
it is compared with: `.venv/bin/python bench/challenge.py`, as root. `--prove` proves the minimum in a guest too, which
takes a minute or a few."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import checkers  # noqa: F401 - registers the checks
from lablib.kernel.seccomp import RET_KILL_PROCESS
from lablib.machine.guest import GuestMachine
from lablib.machine.probing import best
from lablib.minimize.examine import examine_program, smallest
from lablib.minimize.workload import ENVIRONMENT, WORKLOADS, Workload

ROUNDS = 5
LAUNCHER = """#!/usr/bin/python3
import os, sys
sys.path.append({modules!r})
from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, SyscallFilter

f = SyscallFilter(KILL_PROCESS if {kills!r} else ERRNO(38))
for call in {calls!r}:
    f.add_rule(ALLOW, call)
f.load()
os.execve({argv!r}[0], {argv!r}, {{}})
"""


def launcher(workload: Workload, calls: list[str], modules: str) -> bytes:
    kills = workload.action == RET_KILL_PROCESS
    return LAUNCHER.format(calls=calls, argv=workload.argv(), kills=kills, modules=modules).encode()


def plain(workload: Workload) -> float:
    """Seconds of one plain start of the interpreter, the best of some."""
    best_of = []
    for _ in range(10):
        began = time.perf_counter()
        subprocess.run(workload.argv(), env=dict(ENVIRONMENT), stdout=subprocess.DEVNULL, check=True)
        best_of.append(time.perf_counter() - began)
    return min(best_of)


def natively(name: str) -> None:
    workload = WORKLOADS[name]
    began = time.perf_counter()
    least = smallest(workload)
    proved = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "launcher")
        program.write_bytes(launcher(workload, least["calls"], str(_modules())))
        program.chmod(0o755)
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            found = examine_program(str(program), {"PATH": "/usr/bin:/bin"}, workload, lambda: None)
            took.append(time.perf_counter() - began)
            assert found.get("needless") == "", found
    seconds, start = sorted(took)[ROUNDS // 2], plain(workload)
    print(f"{name:<6} here:     {least['count']} calls proved in {proved:6.2f} s and {least['launches']} launches")
    print(f"{name:<6} here:     graded in {seconds:5.2f} s, {seconds / start:5.0f} x a plain start of the interpreter")


def in_a_guest(name: str) -> None:
    workload, task = WORKLOADS[name], f"seccomp/python-minimal-{name}"
    with GuestMachine(best()[0]) as guest:
        order = guest.remember(task)
        assert order
        calls = smallest(workload)["calls"]
        if name == "kill" or "--prove" in sys.argv:
            began = time.perf_counter()
            least = guest.measure(order)
            calls, seconds = least["calls"], time.perf_counter() - began
            print(f"{name:<6} in guest: {len(calls)} calls proved in {seconds:6.2f} s, {least['launches']} launches")
        else:
            guest.know(order, {"count": len(calls)})
        guest.put(f"/root/lab/minimal-{name}", launcher(workload, calls, "/opt/labs/python"), 0o755)
        began = time.perf_counter()
        results = guest.check(task)
        seconds = time.perf_counter() - began
    passed = sum(result.verdict == "pass" for result in results)
    print(f"{name:<6} in guest: graded in {seconds:5.2f} s, {passed} of {len(results)} checks passed")


def _modules() -> Path:
    import pyseccomp

    return Path(pyseccomp.__file__).parent


def main() -> None:
    for name in ("kill", "errno"):
        natively(name)
        in_a_guest(name)


if __name__ == "__main__":
    main()
