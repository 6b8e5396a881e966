"""How long a guest takes and how much memory it holds, against the same kernel booted bare to /bin/sh:
`.venv/bin/python bench/guest.py`. LABS_GUEST_KERNEL names another kernel than the best there is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measure import medians, report, seconds, timed

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lablib.machine.guest import FASTER, MEMORY, GuestMachine
from lablib.machine.probing import best
from lablib.machine.room import memory_folder
from tests.guests import below

TASK = "cgroups/memory-only"
SOLUTION = next((PROJECT / "content").glob("*-cgroups/solutions/memory-only*/*"), None) or next(
    (PROJECT / "content").glob("*-cgroups/solutions/memory-only*")
)
ROUNDS = 9
KERNEL, PROBE = best()


def bare_boot(*options: str) -> float:
    """From the start of the kernel with `options` to the first line of a /bin/sh that is its first process: no agent,
    no jail, no Landlock. Pinned to one CPU, with as much memory in the same place as a guest of ours."""
    with tempfile.TemporaryDirectory() as run, tempfile.TemporaryDirectory(dir=memory_folder(MEMORY)) as memory:
        script = Path(run, "first")
        script.write_text("echo up\nexec sleep 1000\n")
        argv = [
            *(str(KERNEL.program), f"mem={MEMORY >> 20}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
            *("con=null", "con0=null,fd:1", "ssl=null", "quiet", "noreboot", *options, f"uml_dir={run}"),
            *("init=/bin/sh", "--", str(script)),
        ]
        began: list[subprocess.Popen[bytes]] = []

        def boot() -> None:
            kernel = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": memory},
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
            )
            began.append(kernel)
            assert kernel.stdout
            said = b""
            while not said.endswith(b"up\r\n") and not said.endswith(b"up\n"):
                line = kernel.stdout.readline()
                if not line:
                    raise SystemExit(f"the bare kernel ended: {said.decode(errors='replace')}")
                said += line

        took = seconds(boot)
        os.killpg(began[0].pid, signal.SIGKILL)
        began[0].communicate()
        return took


def hello(*, practice: bool = False) -> float:
    """From the making of a machine to the agent's hello: `open` returns on it."""
    machine = GuestMachine(KERNEL, practice=practice)
    try:
        return seconds(machine.open)
    finally:
        machine.close()


def memory_at_rest() -> int:
    """Bytes that a guest's processes and its keeper hold, what is shared counted in part (Pss of proc_pid_smaps(5))."""
    with GuestMachine(KERNEL) as machine:
        time.sleep(1)
        assert machine._keeper
        keeper = machine._keeper.pid
        rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (keeper, *below(keeper))]
    lines = [line.split() for rollup in rollups for line in rollup.splitlines()]
    return sum(int(words[1]) << 10 for words in lines if words[0] == "Pss:")


def main() -> None:
    check = [sys.executable, str(PROJECT / "labs/__main__.py"), "check", TASK, "--script", str(SOLUTION)]
    actions: dict[str, Callable[[], float]] = {
        "bare boot to /bin/sh": bare_boot,
        "bare boot with the options of our guests": lambda: bare_boot(*FASTER),
        "agent's hello": hello,
        **({"agent's hello, practice": lambda: hello(practice=True)} if PROBE.seccomp else {}),
        "check --script, whole": timed(check),
    }
    print(f"{PROBE.release}, {KERNEL.program}")
    report(medians(actions, ROUNDS), "bare boot to /bin/sh")
    print(f"memory of a guest at rest: {memory_at_rest() / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
