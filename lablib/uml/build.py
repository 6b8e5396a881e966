"""Building a kernel and installing it. What is finished stays in the build's folder until all of it is, so that a
build which was interrupted goes on where it stopped."""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lablib.errors import LabsError
from lablib.machine.kernels import BINARY, Kernel, Origin, built, built_folder
from lablib.machine.probing import Probe, probe
from lablib.state import cache_folder
from lablib.uml.apt import Apt, Archive, Source, system_sources
from lablib.uml.programs import Programs
from lablib.uml.report import Report, Stage
from lablib.uml.smoke import faults
from lablib.uml.tree import FRAGMENT, Tree

NEEDED_BYTES = 2 << 30
"""About twice what a build takes at its largest: the package, what is unpacked of it, and the objects."""
ABOUT = "about.json"
_LICENCE_NOTE = """\
`{binary}` is the Linux kernel, built for User-Mode Linux. Its licence is GPL-2.0-only WITH Linux-syscall-note; COPYING
says more.

The source that corresponds to it is the package {package}, version {version},
of {suite}:
`apt-get download {package}={version}`.
{changed}It was configured with `config` and built with `make ARCH=um linux`.
"""
_CHANGED = "One line was added to arch/um/kernel/um_arch.c, by which /proc/cpuinfo shows `core id`.\n"
_LICENCES = ("COPYING", "LICENSES/preferred/GPL-2.0", "LICENSES/exceptions/Linux-syscall-note")
"""Of the source. The first says little more than that the others hold."""


class Built(NamedTuple):
    kernel: Kernel
    probe: Probe


class _Recipe(NamedTuple):
    """What a kernel was made of and how, for what is installed with it."""

    source: Source
    archive: Archive
    changed: bool
    dropped: list[str]
    """Options asked for that this source does not have."""
    compiled: int


def build_folder() -> Path:
    """Where kernels are built; nothing is in it while none is."""
    return Path(cache_folder(), "guest-build")


def check_architecture() -> None:
    """Raises LabsError where User-Mode Linux is not for this processor."""
    if platform.machine() != "x86_64":
        raise LabsError("kernel-architecture", machine=platform.machine())


def check_room() -> int:
    """The bytes that a build still needs. Raises LabsError where there is less room."""
    folder = build_folder()
    _make(folder)
    needed = max(NEEDED_BYTES - size(folder), NEEDED_BYTES // 4)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LabsError("build-room", folder=str(folder), needed=gigabytes(needed), free=gigabytes(free))
    return needed


def build(report: Report, content: Path, *, jobs: int, package: str = "") -> Built:
    """Builds a kernel of the newest source there is, or that of `package`, and installs it if it stands the test with
    the chapters in `content`. Raises LabsError, and may be interrupted at any moment."""
    check_architecture()
    with claimed(build_folder()) as (folder, lock):
        check_room()
        programs = Programs(folder / "log", lock)
        report.stage(Stage.FIND)
        apt = Apt(folder / "apt", system_sources(programs), programs)
        source = apt.find(package)
        report.note("source", package=source.package, version=source.version, suite=source.suite)
        if there := _built_of(source):
            report.note("already", name=there.name)
            _empty(folder)
            return Built(there, probe(there))
        here = folder / f"{source.package}_{source.version}"
        here.mkdir(exist_ok=True)
        tree = Tree(here / "tree", programs)
        archive = apt.archive(source)
        if not tree.folder.exists():
            report.stage(Stage.DOWNLOAD, archive.size)
            file = apt.download(source, archive, report.done)
            report.stage(Stage.UNPACK)
            tree.unpack(file)
            file.unlink()
        recipe = _compile(tree, source, archive, jobs, report)
        kernel = Kernel(source.package, tree.kernel, Origin.BUILT)
        report.stage(Stage.TEST)
        found, fault = faults(kernel, content)
        if fault:
            for line in found.console:
                report.note("console", line=line)
            raise LabsError("kernel-unfit", path=str(tree.kernel), said=fault)
        report.stage(Stage.INSTALL)
        kernel = _install(tree, recipe, found.release)
        _empty(folder)
    return Built(kernel, probe(kernel))


def discard() -> int:
    """Removes what an unfinished build left, and returns how many bytes that were. Raises LabsError while one runs."""
    with claimed(build_folder()) as (folder, _):
        there = size(folder)
        _empty(folder)
    return there


def unfinished() -> int:
    """The bytes that an unfinished build left; 0 for none."""
    return size(build_folder())


def remove(kernel: Kernel) -> None:
    """Removes a kernel that was built here. Raises LabsError."""
    try:
        shutil.rmtree(kernel.program.parent)
    except OSError as error:
        raise LabsError("kernel-not-removed", path=str(kernel.program.parent), reason=error.strerror or "") from error


def size(folder: Path) -> int:
    """The bytes that files below `folder` take on the disk."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(path, name).lstat().st_blocks * 512
            except FileNotFoundError:
                pass  # a build that runs tidied up
    return total


def gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f}"


def _built_of(source: Source) -> Kernel | None:
    """The kernel that was built of this very source, with the options that we ask for now."""
    for kernel in built():
        try:
            about = json.loads((kernel.program.parent / ABOUT).read_bytes())
            wanted = (source.package, source.version, _options())
            if (about["source"]["package"], about["source"]["version"], about["options"]) == wanted:
                return kernel
        except (OSError, ValueError, LookupError, TypeError):
            continue  # it is of an older build, or somebody else's
    return None


def _options() -> str:
    return hashlib.sha256(FRAGMENT.read_bytes()).hexdigest()


def _compile(tree: Tree, source: Source, archive: Archive, jobs: int, report: Report) -> _Recipe:
    report.stage(Stage.CONFIGURE)
    changed = tree.change()
    if not changed:
        report.note("unchanged")
    dropped = tree.configure()
    if dropped:
        report.note("dropped", options=" ".join(dropped))
    return _Recipe(source, archive, changed, dropped, tree.compile(jobs, report))


def _install(tree: Tree, recipe: _Recipe, release: str) -> Kernel:
    """Puts the kernel and what belongs to it where kernels are looked for: all of it at once, under its release."""
    kernels = built_folder()
    _make(kernels)
    new, folder = kernels.with_name("kernel.new"), kernels / release
    source = recipe.source
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir()
        for name, file in ((BINARY, tree.kernel), ("config", tree.folder / ".config")):
            shutil.copy(file, new / name)
        texts = [file.read_text("utf-8") for name in _LICENCES if (file := tree.folder / name).is_file()]
        (new / "COPYING").write_text("\n".join(texts), encoding="utf-8")
        (new / BINARY).chmod(0o755)
        changed = _CHANGED if recipe.changed else ""
        note = _LICENCE_NOTE.format(
            binary=BINARY, package=source.package, version=source.version, suite=source.suite, changed=changed
        )
        (new / "LICENCE-NOTE").write_text(note, encoding="utf-8")
        about = json.dumps(_about(recipe, release, new / BINARY), indent=2)
        (new / ABOUT).write_text(f"{about}\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    except OSError as error:
        raise LabsError("kernel-not-installed", path=str(folder), reason=error.strerror or str(error)) from error
    return Kernel(release, folder / BINARY, Origin.BUILT)


def _about(recipe: _Recipe, release: str, binary: Path) -> dict[str, object]:
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True).stdout.partition("\n")[0]
    return {
        "release": release,
        "source": {**recipe.source._asdict(), "archive": recipe.archive.name, "digest": recipe.archive.digest},
        "changed": recipe.changed,
        "options": _options(),
        "options not there": recipe.dropped,
        "compiler": compiler,
        "built": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "bytes": binary.stat().st_size,
        "files compiled": recipe.compiled,
    }


@contextmanager
def claimed(folder: Path) -> Iterator[tuple[Path, int]]:
    """The build's folder, for us alone, and what locks it. Raises LabsError."""
    _make(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder, descriptor
    except BlockingIOError as error:
        raise LabsError("build-runs") from error
    except OSError as error:
        raise LabsError("build-folder", folder=str(folder), reason=error.strerror or str(error)) from error
    finally:
        os.close(descriptor)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LabsError("build-folder", folder=str(folder), reason=error.strerror or str(error)) from error


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink()
