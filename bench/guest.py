"""How long a guest of each kernel on this machine takes and how much memory it holds, against the same kernel booted
bare and a container of whichever engine is installed: `.venv/bin/python bench/guest.py`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from measure import medians, report, seconds, timed
from references import bare_boot, c_init, container

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lablib.machine.ahead import REST_SECONDS, Ahead
from lablib.machine.guest import FASTER, PRACTICE, GuestMachine
from lablib.machine.kernels import Kernel
from lablib.machine.probing import Probe, probed
from tests.guests import below

TASK = "cgroups/memory-only"
SOLUTION = next((PROJECT / "content").glob("*-cgroups/solutions/memory-only*/*"), None) or next(
    (PROJECT / "content").glob("*-cgroups/solutions/memory-only*")
)
ROUNDS = 9
BARE = "bare boot with our guests' options"


def hello(kernel: Kernel, *, practice: bool = False) -> float:
    """From the making of a machine to the agent's hello: `open` returns on it."""
    with closing(GuestMachine(kernel, practice=practice)) as machine:
        return seconds(machine.open)


def reset(kernel: Kernel, *, practice: bool) -> float:
    """From the moment when a machine is to go to the hello of the one that waited in its place."""
    with closing(Ahead(lambda: GuestMachine(kernel, practice=practice))) as machines:
        machines.begin()
        first = machines()
        first.open()
        time.sleep(REST_SECONDS + 2)

        def replace() -> None:
            first.close()
            second = machines()
            second.open()
            ends.append(second)

        ends: list[GuestMachine] = []
        took = seconds(replace)
        for machine in ends:
            machine.close()
        return took


def memory_at_rest(kernel: Kernel) -> int:
    """Bytes that a guest's processes and its keeper hold, what is shared counted in part (Pss of proc_pid_smaps(5))."""
    with GuestMachine(kernel) as machine:
        time.sleep(1)
        assert machine._keeper
        keeper = machine._keeper.pid
        rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (keeper, *below(keeper))]
    lines = [line.split() for rollup in rollups for line in rollup.splitlines()]
    return sum(int(words[1]) << 10 for words in lines if words[0] == "Pss:")


def main() -> None:
    with ExitStack() as stack:
        init = stack.enter_context(c_init())
        engine = stack.enter_context(container())
        for kernel, found in probed():
            if not found.boots:
                continue
            os.environ["LABS_GUEST_KERNEL"] = str(kernel.program)
            print(f"{found.release}, {kernel.program}")
            report(medians(actions(kernel, found, init, engine), ROUNDS), BARE)
            print(f"memory of a guest at rest: {memory_at_rest(kernel) / 2**20:.0f} MiB", end="\n\n")


def actions(
    kernel: Kernel, found: Probe, init: Path | None, engine: tuple[str, Callable[[], float]] | None
) -> dict[str, Callable[[], float]]:
    check = [sys.executable, str(PROJECT / "labs/__main__.py"), "check", TASK, "--script", str(SOLUTION)]
    measured: dict[str, Callable[[], float]] = {"bare boot to /bin/sh": lambda: bare_boot(kernel.program)}
    measured[BARE] = lambda: bare_boot(kernel.program, *FASTER)
    if init is not None:
        measured["the same, to a static C program"] = lambda: bare_boot(kernel.program, *FASTER, init=[str(init)])
    if engine is not None:
        measured[f"{engine[0]} run … true"] = engine[1]
    measured["agent's hello"] = lambda: hello(kernel)
    if found.seccomp:
        measured[f"agent's hello, {PRACTICE[0]}"] = lambda: hello(kernel, practice=True)
    measured["reset"] = lambda: reset(kernel, practice=found.seccomp)
    measured["check --script, whole"] = timed(check)
    return measured


if __name__ == "__main__":
    main()
