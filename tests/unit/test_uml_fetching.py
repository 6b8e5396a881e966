"""The distribution's kernel for guests in QEMU: fetched by real apt from a mirror of our own, and what is
kept of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lablib.errors import LabsError
from lablib.machine.qemu.images import NEEDED, images, package
from lablib.uml import fetching
from lablib.uml.report import Stage
from tests.unit.mirror import add_package, serve

HAS_APT = shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None
pytestmark = pytest.mark.skipif(not HAS_APT, reason="there is no apt here")
RELEASE = "6.1.0-56-amd64"


class Told:
    def __init__(self) -> None:
        self.stages: list[Stage] = []

    def stage(self, stage: Stage, total: int = 0) -> None:
        self.stages.append(stage)

    def done(self, count: int) -> None:
        pass

    def note(self, key: str, **params: str) -> None:
        pass


def offered(folder: Path, *names: str) -> Path:
    """A mirror whose newest kernel has these modules, and another one that no guest needs."""
    modules = folder / "content/lib/modules" / RELEASE
    for name in (*names, "a_printer"):
        file = modules / f"kernel/{name}.ko"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\x7fELF\0depends=\0")
    (modules / "modules.order").write_text("".join(f"kernel/{name}.ko\n" for name in (*names, "a_printer")))
    (modules / "modules.builtin").touch()
    (modules / "vmlinuz").write_bytes(b"a kernel")
    (folder / "content/share/doc/linux").mkdir(parents=True)
    (folder / "content/share/doc/linux/copyright").write_text("GPL-2")
    mirror = folder / "mirror"
    add_package(mirror, f"linux-image-{RELEASE}", "6.1.192-2", folder / "content")
    (folder / "empty").mkdir()
    add_package(mirror, package(), "6.1.192-2", folder / "empty", f"Depends: linux-image-{RELEASE} (= 6.1.192-2)\n")
    return mirror


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def fetch(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> list[Stage]:
    told = Told()
    with serve(mirror) as server:
        monkeypatch.setattr(fetching, "system_sources", lambda _programs: [f"deb [trusted=yes] {server.url} ./"])
        fetching.fetch(told)
    return told.stages


def kept(folder: Path) -> list[str]:
    return sorted(os.path.relpath(file, folder) for file in folder.rglob("*") if file.is_file())


def test_what_a_guest_needs_of_it_is_kept_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = fetch(offered(tmp_path, *NEEDED), monkeypatch)
    assert stages == [Stage.FIND, Stage.DOWNLOAD, Stage.UNPACK, Stage.INSTALL]
    found = [image for image in images() if tmp_path in image.file.parents]
    assert [image.release for image in found] == [RELEASE]
    assert len(found[0].module_files()) == len(NEEDED)
    names = kept(tmp_path / "data")
    assert not [name for name in names if "a_printer" in name]
    assert [name for name in names if name.endswith("copyright")]
    assert not kept(tmp_path / "cache/container-labs/guest-fetch")
    assert fetching.discard() > 0
    assert not kept(tmp_path / "data")


def test_one_that_no_guest_can_have_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabsError) as caught:
        fetch(offered(tmp_path, "virtio_pci"), monkeypatch)
    assert caught.value.key == "qemu-kernel-unfit"
    assert not kept(tmp_path / "data")
