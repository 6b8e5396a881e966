"""A process of the agent's that runs what takes long: programs in question, and the interpreter, again and again. It
knows no key and lives out of the student's reach, in the agent's namespaces; a program of the student's it starts
where the student lives, with no more rights than they have.

Started for one order, JSON on its input; the answer is JSON on its output. See `trials.py`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lablib.kernel import syscalls
from lablib.kernel.capabilities import give_up
from lablib.kernel.mounts import Mount, private
from lablib.minimize.asked import ask
from lablib.minimize.examine import examine_list, examine_program, smallest
from lablib.minimize.workload import WORKLOADS

_IDLE = 19
"""The search for a minimum takes minutes, while a student may be at work."""


def main() -> None:
    """Answers, and ends."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    order = json.load(sys.stdin)
    os.setpriority(os.PRIO_PROCESS, 0, _IDLE if order["kind"] == "minimum" else 0)  # the agent itself is above all
    try:
        outcome = answer(order)
    except Exception as error:
        traceback.print_exc()  # on the machine's console
        outcome = {"fault": f"{type(error).__name__}: {error}"}
    print(json.dumps(outcome))


def answer(order: Mapping[str, Any]) -> dict[str, Any]:
    """Carries an order out. Raises OSError and LabsError: our own faults."""
    if order["kind"] == "loaded":
        return {"answers": [_asked(pid, order["calls"]) for pid in order["pids"]]}
    workload = WORKLOADS[order["workload"]]
    match order["kind"]:
        case "minimum":
            return smallest(workload)
        case "list":
            return examine_list(order["text"], workload)
        case "program":
            jail = order["jail"]
            return examine_program(order["path"], jail["environment"], workload, _into(jail))
    raise ValueError(order["kind"])


def _asked(pid: int, calls: Sequence[int]) -> list[int] | None:
    """How the filters of a student's process answer; None for one that does not say, or is no more."""
    try:
        return ask(pid, calls)
    except OSError:  # a TimeoutError is one too
        return None


def _into(jail: Mapping[str, Any]) -> Callable[[], None]:
    """Goes where the student's programs live: their mounts, a /proc for the pid namespace that it is in already, and
    what they may do."""

    def enter() -> None:
        with open("/proc/self/oom_score_adj", "r+b", buffering=0) as score:
            if int(score.read()) < 0:  # in a user namespace it is not, and must not go down
                score.write(b"0")
        with open(f"/proc/{jail['first']}/ns/mnt", "rb") as mounts:
            syscalls.setns(mounts.fileno(), syscalls.CLONE_NEWNS)
        syscalls.unshare(syscalls.CLONE_NEWNS)
        private("/").execute()
        Mount("/proc", "proc", "proc").execute()
        give_up(jail["dropped"])
        os.umask(0o022)
        os.chdir(jail["folder"])

    return enter
