"""What a guest is measured against: its kernel booted bare, in QEMU or not, and a container of whichever engine is
installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from measure import seconds, timed

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lablib.kernel.syscalls import LINUX_REBOOT_CMD_POWER_OFF
from lablib.machine import xstate
from lablib.machine.kept import MEMORY
from lablib.machine.qemu.calls import Call
from lablib.machine.qemu.emulator import Emulator
from lablib.machine.qemu.images import Image
from lablib.machine.qemu.initramfs import calls, initramfs
from lablib.machine.qemu.kvm import MAGIC
from lablib.machine.qemu.machine import common_options, root_of_this_machine
from lablib.machine.room import memory_folder

ENGINES = ("docker", "podman")
IMAGE = "labs-bench-true"
INIT = """
#include <unistd.h>
int main(void) { write(1, "up\\n", 3); for (;;) pause(); }
"""
TRUE = "int main(void) { return 0; }"


def bare_boot_in_qemu(emulator: Emulator, image: Image) -> float:
    """From the start of the same QEMU with the same kernel, modules and exports to the end of the guest, whose first
    process powers it off: no keeper, no agent, no jail, no confinement."""
    root = root_of_this_machine({})
    usual = calls(image.modules(), root, ["/bin/true"])
    off = Call("reboot", (*MAGIC, LINUX_REBOOT_CMD_POWER_OFF, 0))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "kernel").write_bytes(image.kernel().content)
        begun = [call for call in usual if call.name != "execve"]
        Path(folder, "initramfs").write_bytes(initramfs([*begun, off], emulator.machine))
        argv = [emulator.program, *emulator.options(), *common_options(MEMORY, root, emulator.console)]
        return seconds(lambda: subprocess.run(argv, cwd=folder, check=True, capture_output=True))


def bare_boot(kernel: Path, *options: str, init: Sequence[str] = ()) -> float:
    """From the start of `kernel` with `options` to the first line of its first process, a /bin/sh if it is not `init`:
    no agent, no jail, no Landlock. Pinned to one CPU, with as much memory in the same place as a guest of ours."""
    with tempfile.TemporaryDirectory() as run, tempfile.TemporaryDirectory(dir=memory_folder(MEMORY)) as memory:
        script = Path(run, "first")
        script.write_text("echo up\nexec sleep 1000\n")
        first, *arguments = init or ("/bin/sh", str(script))
        xstate.put_library(Path(memory))
        argv = [
            *(str(kernel), f"mem={MEMORY >> 20}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
            *("con=null", "con0=null,fd:1", "ssl=null", "quiet", "noreboot", *options, f"uml_dir={run}"),
            *(f"init={first}", "--", *arguments),
        ]
        began: list[subprocess.Popen[bytes]] = []

        def boot() -> None:
            started = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=memory,
                env={**os.environ, "TMPDIR": memory, "LD_PRELOAD": f"./{xstate.NAME}"},
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
            )
            began.append(started)
            assert started.stdout
            said = b""
            while not said.endswith((b"up\r\n", b"up\n")):
                line = started.stdout.readline()
                if not line:
                    raise SystemExit(f"the bare kernel ended: {said.decode(errors='replace')}")
                said += line

        took = seconds(boot)
        os.killpg(began[0].pid, signal.SIGKILL)
        began[0].communicate()
        return took


@contextmanager
def c_init() -> Iterator[Path | None]:
    """A first process in C, linked statically, which says that it is up; None where there is no compiler."""
    with tempfile.TemporaryDirectory() as folder:
        yield _compiled(INIT, Path(folder, "init"))


@contextmanager
def container() -> Iterator[tuple[str, Callable[[], float]] | None]:
    """Running `true` in a container without a network, of an image that has nothing else: what does it, and how. None
    where no engine is installed that can."""
    with tempfile.TemporaryDirectory() as folder:
        program = _compiled(TRUE, Path(folder, "true"))
        if program is None:
            yield None
            return
        archive = Path(folder, "image.tar")
        with tarfile.open(archive, "w") as tar:
            tar.add(program, "true")
        engine = next((name for name in ENGINES if _works([name, "import", str(archive), IMAGE])), None)
        if engine is None:
            yield None
            return
        try:
            command = next(filter(_works, _commands(engine)), None)
            yield (engine, timed(command)) if command else None
        finally:
            subprocess.run([engine, "rmi", "--force", IMAGE], check=True, capture_output=True)


def _commands(engine: str) -> Iterator[list[str]]:
    """Ways to run it; the second is for machines with both versions of cgroups, or whose limits cannot be raised."""
    yield [engine, "run", "--rm", "--network=none", IMAGE, "/true"]
    if engine == "podman":
        limits = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000")
        yield [engine, "--runtime=runc", "run", "--rm", "--network=none", *limits, IMAGE, "/true"]


def _works(command: Sequence[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True).returncode == 0


def _compiled(source: str, program: Path) -> Path | None:
    if shutil.which("gcc") is None:
        return None
    subprocess.run(["gcc", "-O2", "-static", "-x", "c", "-", "-o", program], input=source, text=True, check=True)
    program.parent.chmod(0o755)
    return program
