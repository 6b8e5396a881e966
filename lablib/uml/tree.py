"""The kernel's source tree, from the package's file to the program. Source: Documentation/virt/uml and
Documentation/kbuild of the kernel."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from lablib.errors import LabsError
from lablib.uml.programs import ProgramFailed, Programs
from lablib.uml.report import Report, Stage

FRAGMENT = Path(__file__).with_name("kernel.config")
NEEDED = (
    *("STATIC_LINK", "HOSTFS", "SSL", "NULL_CHAN", "UNIX98_PTYS", "DEVTMPFS_MOUNT", "PROC_FS", "SYSFS", "SYSCTL"),
    *("CGROUPS", "MEMCG", "CGROUP_PIDS", "CFS_BANDWIDTH", "BLK_DEV_THROTTLING"),
    *("UTS_NS", "IPC_NS", "USER_NS", "PID_NS", "NET_NS", "SECCOMP_FILTER", "OVERLAY_FS", "TMPFS", "UNIX", "INET"),
)
"""Options without which a kernel is of no use to the labs. An older source may lack others, and drops them silently."""
LEFT_OUT = (
    *("*/arch/[!ux]*/*.[chS]", "*/arch/*.dts*", "*/Documentation/*/*", "*/tools/testing/*", "*/tools/perf/*"),
    *(f"*/drivers/{part}/*.[ch]" for part in ("gpu", "infiniband", "media", "scsi", "staging")),
    *("*/drivers/net/ethernet/*.[ch]", "*/drivers/net/wireless/*.[ch]", "*/sound/*.[ch]"),
)
"""Two thirds of the source, which no User-Mode Linux is made of; tar(1) patterns, where `*` matches `/` too. What
Kconfig reads stays."""
_COMPILES = re.compile(r"^  CC +\S")
"""How make announces the compiling of a file, and how its dry run would (`_WOULD_COMPILE`); scripts/Kbuild.include."""
_WOULD_COMPILE = re.compile(r"echo '  CC +\S")
_BUILDER = {"KBUILD_BUILD_USER": "labs", "KBUILD_BUILD_HOST": "container-labs"}
"""What the kernel says of who built it, in place of this machine's names."""
_FPU = re.compile(r'(\tseq_printf\(m, "fpu[^;]*;\n)')
_PROCESSOR = r'seq_printf(m, "processor\t: %d\n", i)'
_CORE_ID = '\tseq_printf(m, "core id\\t\\t: %d\\n", i);\n'


class Tree:
    """A source tree in `folder`."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self.folder = folder
        self._programs = programs
        self.kernel = folder / "linux"

    def unpack(self, package: Path) -> None:
        """Makes the tree of the package's file; does nothing where it was made before. Raises LabsError."""
        if self.folder.exists():
            return
        new, unpacked = self.folder.with_name("tree.new"), self.folder.with_name("package")
        try:
            for folder in (new, unpacked):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
            self._programs.run(["dpkg-deb", "--extract", package, unpacked])
            archives = [
                *unpacked.glob("usr/src/linux-source-*.tar.*"),
                *unpacked.glob("usr/src/*/linux-source-*.tar.*"),
            ]
            if not archives:
                raise ProgramFailed("usr/src/linux-source-*.tar.*")
            excluded = [f"--exclude={pattern}" for pattern in LEFT_OUT]
            self._programs.run(["tar", "-xf", archives[0], "-C", new, "--strip-components=1", *excluded])
        except ProgramFailed as failed:
            raise self._broken(failed) from failed
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)
        new.rename(self.folder)

    def change(self) -> bool:
        """Makes our one change of the source; False where it does not fit and nothing is changed."""
        file = self.folder / "arch/um/kernel/um_arch.c"
        try:
            source = file.read_text("utf-8")
        except FileNotFoundError:
            return False
        changed = with_core_id(source)
        if changed is not None and changed != source:
            file.write_text(changed, encoding="utf-8")
        return changed is not None

    def configure(self) -> list[str]:
        """Takes what our configuration asks for, and returns the options that this source does not have. Raises
        LabsError where one is missing that the labs cannot do without."""
        try:
            self._make("allnoconfig", f"KCONFIG_ALLCONFIG={FRAGMENT}")
        except ProgramFailed as failed:
            raise self._broken(failed) from failed
        configured = (self.folder / ".config").read_text("utf-8").splitlines()
        absent = lacking(NEEDED, configured)
        if absent:
            raise LabsError("kernel-options", options=" ".join(absent))
        return lacking(asked_for(FRAGMENT.read_text("utf-8").splitlines()), configured)

    def compile(self, jobs: int, report: Report) -> int:
        """Makes the kernel, or what is missing of it, and returns how many files it compiled. Raises LabsError."""
        try:
            self._make("prepare", f"-j{jobs}")
            report.stage(Stage.COMPILE, self._count())
            compiled = self._counted(report, "linux", f"-j{jobs}")
            self._programs.run(["strip", self.kernel])
        except ProgramFailed as failed:
            raise self._broken(failed) from failed
        return compiled

    def _count(self) -> int:
        """How many files make would compile now: its dry run says so. That fails once it comes to what a real run would
        have made by then."""
        count = 0

        def look(line: str) -> None:
            nonlocal count
            count += len(_WOULD_COMPILE.findall(line))

        try:
            self._make("--dry-run", "--keep-going", "linux", each_line=look, programs=Programs(Path(os.devnull)))
        except ProgramFailed:
            pass
        return count

    def _counted(self, report: Report, *words: str) -> int:
        count = 0

        def look(line: str) -> None:
            nonlocal count
            if _COMPILES.match(line):
                count += 1
                report.done(count)

        self._make(*words, each_line=look)
        return count

    def _make(
        self, *words: str, each_line: Callable[[str], None] = lambda line: None, programs: Programs | None = None
    ) -> None:
        by = programs or self._programs
        by.run(["make", "ARCH=um", *words], folder=self.folder, environment=_BUILDER, each_line=each_line)

    def _broken(self, failed: ProgramFailed) -> LabsError:
        return LabsError("kernel-not-built", reason=failed.reason, log=str(self._programs.log))


def with_core_id(source: str) -> str | None:
    """`source`, arch/um/kernel/um_arch.c, so that /proc/cpuinfo names each processor's core, without which ps(1) of
    procps 4.0.2 gives up: each is one of its own. None where the source is not as we know it."""
    if "core id" in source:
        return source
    changed, fitting = _FPU.subn(lambda found: found[0] + _CORE_ID, source)
    return changed if fitting == 1 and _PROCESSOR in source else None


def asked_for(fragment: Iterable[str]) -> list[str]:
    """The options that a configuration's lines switch on."""
    pairs = (line.strip().removeprefix("CONFIG_").partition("=") for line in fragment if line.startswith("CONFIG_"))
    return [name for name, _, value in pairs if value == "y"]


def lacking(options: Iterable[str], configured: Iterable[str]) -> list[str]:
    """Of `options`, those that are not switched on in the lines of a .config."""
    there = set(configured)
    return [option for option in options if f"CONFIG_{option}=y" not in there]
