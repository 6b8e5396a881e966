"""The distribution's own kernel for guests in QEMU, where this machine has none installed, as in a container: its
package, of which only what such a guest needs is kept. Nothing of the system's changes, and no root is needed."""

from __future__ import annotations

import shutil
from pathlib import Path

from lablib.errors import LabsError
from lablib.machine.qemu.images import Image, fetched_folder, images_below, package
from lablib.state import cache_folder
from lablib.uml.apt import Apt, system_sources
from lablib.uml.build import claimed, gigabytes
from lablib.uml.programs import ProgramFailed, Programs
from lablib.uml.report import Report, Stage

NEEDED_BYTES = 1 << 30
"""Of a package and all that is in it, while it is unpacked."""
_INDEXES = ("modules.order", "modules.builtin")


def fetch(report: Report) -> Image:
    """Fetches and keeps it, in place of one that was fetched before. Raises LabsError, and may be interrupted."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise LabsError("fetch-no-apt")
    with claimed(Path(cache_folder(), "guest-fetch")) as (folder, lock):
        free = shutil.disk_usage(folder).free
        if free < NEEDED_BYTES:
            raise LabsError("build-room", folder=str(folder), needed=gigabytes(NEEDED_BYTES), free=gigabytes(free))
        programs = Programs(folder / "log", lock)
        report.stage(Stage.FIND)
        apt = Apt(folder / "apt", system_sources(programs), programs)
        source = apt.kernel(package())
        report.note("source", package=source.package, version=source.version, suite=source.suite)
        archive = apt.archive(source)
        report.stage(Stage.DOWNLOAD, archive.size)
        file = apt.download(source, archive, report.done)
        report.stage(Stage.UNPACK)
        root = folder / "root"
        try:
            programs.run(["dpkg-deb", "-x", file, root])
        except ProgramFailed as failed:
            raise LabsError("kernel-not-unpacked", package=source.package, reason=failed.reason) from failed
        report.stage(Stage.INSTALL)
        image = next(iter(images_below(root)), None)
        if image is not None:
            _install(image, root)
        shutil.rmtree(folder, ignore_errors=True)
        if image is None:
            raise LabsError("qemu-kernel-unfit", path=source.package)
    return next(iter(images_below(fetched_folder())))


def discard() -> int:
    """Removes what was fetched; how many bytes that were."""
    folder = fetched_folder()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return size


def _install(image: Image, root: Path) -> None:
    """Keeps the kernel, the modules that are loaded, and the licence. Raises LabsError."""
    kept = [image.file, *image.module_files(), *(image.folder / name for name in _INDEXES)]
    kept += (root / "usr/share/doc").glob("*/copyright")
    target = fetched_folder()
    new = target.with_name(f"{target.name}.new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        for file in kept:
            copy = new / file.relative_to(root)
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        shutil.rmtree(target, ignore_errors=True)
        new.rename(target)
    except OSError as error:
        raise LabsError("kernel-not-kept", path=str(target), reason=error.strerror or str(error)) from error
