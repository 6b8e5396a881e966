"""A guest whose kernel is User-Mode Linux: no root, no KVM, no image, and a boot of fractions of a second."""

from __future__ import annotations

import random
from pathlib import Path

from lablib.machine import xstate
from lablib.machine.kept import MEMORY, KeptMachine, Launch, Parts
from lablib.machine.kernels import Kernel

FASTER = (
    "initcall_blacklist=raid6_select_algo",
    "lpj=10000000",
    "pty.legacy_count=0",
)
"""Nine tenths of the time that Debian's kernel takes to boot, saved (kernel-parameters.txt): it measures RAID 6
algorithms, which nothing uses but a btrfs of that profile; it counts the loops of a delay, which no device here needs
exactly; it makes 512 BSD terminals, each of which would be ours to remove again."""
PRACTICE = ("seccomp=on",)
"""Processes of the guest work together with its kernel instead of being traced by it (arch/um/os-Linux/start_up.c)."""


class GuestMachine(KeptMachine):
    """One guest of `kernel`. For `practice` it runs with `seccomp=on`, which is quicker, and in which a program of the
    student's can reach the guest kernel's memory: a verdict on one is never a grade."""

    kind = "guest"
    agent = "guest"

    def __init__(
        self,
        kernel: Kernel,
        *,
        practice: bool = False,
        memory: int = MEMORY,
        landlock_abi: int | None = None,
        work: Path | None = None,
    ) -> None:
        super().__init__(memory=memory, landlock_abi=landlock_abi, work=work)
        self._kernel = kernel
        self.practice = practice

    def identity(self) -> bytes:
        import hashlib  # loads OpenSSL, and a guest's start would wait for it

        with self._kernel.program.open("rb") as program:
            return hashlib.file_digest(program, "sha256").digest()

    @property
    def _scratch_size(self) -> int:
        """Its memory is a file there."""
        return self._size

    def _cpus(self) -> list[int]:
        """One, where its kernel and its processes take turns."""
        return [random.choice(super()._cpus())]  # noqa: S311

    def _prepare(self, parts: Parts) -> Launch:
        xstate.put_library(parts.scratch)
        options = command_line(parts, self._size, practice=self.practice)
        return Launch(str(self._kernel.program), options, environment(parts.scratch))


def environment(memory: Path) -> dict[str, str]:
    """User-Mode Linux's own, of which nothing reaches the guest's programs."""
    preload = f"./{xstate.NAME}"  # in the folder it starts in: in LD_PRELOAD spaces and colons separate
    return {"TMPDIR": str(memory), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LD_PRELOAD": preload}


def command_line(parts: Parts, size: int, *, practice: bool) -> list[str]:
    """User-Mode Linux's arguments; those after `--` are for the first process of the guest."""
    return [
        f"mem={size >> 20}M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "con=null",
        "con0=null,fd:1",
        "ssl=null",
        f"ssl0=fd:{parts.line},fd:{parts.line}",
        "quiet",
        *FASTER,
        *(PRACTICE if practice else ()),
        "audit=0",  # sudo(8) would complain each time that the jail lets it write no audit record
        "noreboot",
        f"uml_dir={parts.scratch}",
        f"init={parts.python}",
        "--",
        "-IS",
        str(parts.start),
    ]
