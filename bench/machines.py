"""How long each kind of machine takes to its prompt, and an agent to answer: `.venv/bin/python bench/machines.py`. The
host machine is tried inside a guest, beside the start of a Python there; each guest beside its kernel booted bare."""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path

from measure import medians, report, seconds
from references import bare_boot, bare_boot_in_qemu

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from started import prompt

from lablib.errors import MachineError
from lablib.machine.guest import FASTER, GuestMachine
from lablib.machine.probing import best
from lablib.machine.qemu import choosing
from lablib.machine.qemu.machine import QemuMachine
from lablib.machine.served import ServedMachine
from lablib.machine.wire import Type
from tests.guests import sh
from tests.projects import put_project

ROUNDS = 9
ROUNDS_IN_QEMU = 5
ASKED = 1000
BARE = "bare boot with our guests' options"
BARE_IN_QEMU = "bare boot in QEMU"
PYTHON = "python3 -c pass in a guest"
IN_THE_GUEST = """
import json, subprocess, sys
sys.path[:0] = ["bench", "."]
from measure import medians, seconds
from started import prompt
from lablib.machine.host import HostMachine
python = lambda: seconds(lambda: subprocess.run(["python3", "-c", "pass"], check=True))
print(json.dumps(medians({"python": python, "host": lambda: prompt(HostMachine())}, 5)))
"""


def round_trips(machine: ServedMachine) -> list[float]:
    """Seconds from a question to the agent, about a terminal that there is not, to its answer."""
    return sorted(seconds(lambda: machine._ask(Type.FOREGROUND, 0)) for _ in range(ASKED))


def in_qemu() -> None:
    try:
        emulator, image = choosing.best()
    except MachineError as error:
        print(f"no guest in QEMU here: {error}")
        return
    started = {
        BARE_IN_QEMU: lambda: bare_boot_in_qemu(emulator, image),
        "guest in QEMU, to the prompt": lambda: prompt(QemuMachine(image, emulator)),
    }
    report(medians(started, ROUNDS_IN_QEMU), BARE_IN_QEMU)


def main() -> None:
    kernel, _ = best()
    os.environ["LABS_GUEST_KERNEL"] = str(kernel.program)
    started = {
        BARE: lambda: bare_boot(kernel.program, *FASTER),
        "guest, to the prompt": lambda: prompt(GuestMachine(kernel)),
    }
    report(medians(started, ROUNDS), BARE)
    in_qemu()
    with GuestMachine(kernel, memory=1 << 30) as guest:
        trips = round_trips(guest)
        p99 = trips[len(trips) * 99 // 100]
        print(f"agent's answer: median {1000 * statistics.median(trips):.2f} ms, p99 {1000 * p99:.2f} ms")
        put_project(guest)
        for name in ("measure", "started"):
            guest.put(f"/root/lab/project/bench/{name}.py", (PROJECT / f"bench/{name}.py").read_bytes())
        guest.put("/root/lab/project/try.py", IN_THE_GUEST.encode())
        found = json.loads(sh(guest, "cd project && python3 try.py", timeout=300).splitlines()[0])
        report({PYTHON: found["python"], "host inside it, to the prompt": found["host"]}, PYTHON)


if __name__ == "__main__":
    main()
