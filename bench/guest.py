"""How long a guest takes, against the same kernel booted bare to /bin/sh: `.venv/bin/python bench/guest.py`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measure import medians, report, seconds, timed

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lablib.machine.guest import FASTER, MEMORY, GuestMachine
from lablib.machine.kernels import find_kernel
from lablib.machine.probing import best
from lablib.machine.room import memory_folder

TASK = "cgroups/memory-only"
SOLUTION = next((PROJECT / "content").glob("*-cgroups/solutions/memory-only*/*"), None) or next(
    (PROJECT / "content").glob("*-cgroups/solutions/memory-only*")
)
ROUNDS = 9


def bare_boot(*options: str) -> float:
    """From the start of the kernel with `options` to the first line of a /bin/sh that is its first process: no agent,
    no jail, no Landlock. Pinned to one CPU, with as much memory in the same place as a guest of ours."""
    with tempfile.TemporaryDirectory() as run, tempfile.TemporaryDirectory(dir=memory_folder(MEMORY)) as memory:
        script = Path(run, "first")
        script.write_text("echo up\nexec sleep 1000\n")
        argv = [
            *(str(find_kernel()), f"mem={MEMORY >> 20}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
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


def hello() -> float:
    """From the making of a machine to the agent's hello: `open` returns on it."""
    machine = GuestMachine(best()[0])
    try:
        return seconds(machine.open)
    finally:
        machine.close()


def main() -> None:
    check = [sys.executable, str(PROJECT / "labs/__main__.py"), "check", TASK, "--script", str(SOLUTION)]
    actions: dict[str, Callable[[], float]] = {
        "bare boot to /bin/sh": bare_boot,
        "bare boot with the options of our guests": lambda: bare_boot(*FASTER),
        "agent's hello": hello,
        "check --script, whole": timed(check),
    }
    report(medians(actions, ROUNDS), "bare boot to /bin/sh")


if __name__ == "__main__":
    main()
