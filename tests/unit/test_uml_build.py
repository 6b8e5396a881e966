"""A build from its first stage to the last, with a mirror and a make of our own: what it leaves, and when it stops."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from lablib.errors import LabsError
from lablib.machine.kernels import Kernel, Origin, built_folder, kernels
from lablib.machine.probing import Probe
from lablib.uml import build
from lablib.uml.report import Stage
from lablib.uml.tree import FRAGMENT
from tests.unit.fake_make import fake_make
from tests.unit.mirror import Server, add_package, serve

HAS_APT = shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None
needs_apt = pytest.mark.skipif(not HAS_APT, reason="there is no apt here")
FIT = (Probe(True, release="7.3.4-lab", seccomp=True), "")


class Told(list[Stage]):
    """A report that remembers the stages."""

    def stage(self, stage: Stage, total: int = 0) -> None:
        self.append(stage)

    def done(self, count: int) -> None:
        pass

    def note(self, key: str, **params: str) -> None:
        pass


class Place(NamedTuple):
    server: Server
    test: Callable[[tuple[Probe, str]], None]
    """Says how the kernel will stand its test."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("LABS_GUEST_KERNEL", raising=False)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    source = tmp_path / "linux-source-7.3"
    source.mkdir()
    (source / "COPYING").write_text("see the GPL")
    (source / "LICENSES/preferred").mkdir(parents=True)
    (source / "LICENSES/preferred/GPL-2.0").write_text("the GPL")
    (tmp_path / "content/src").mkdir(parents=True)
    packed = tmp_path / "content/src/linux-source-7.3.tar.gz"
    subprocess.run(["tar", "-C", tmp_path, "-czf", packed, source.name], check=True)
    add_package(tmp_path / "mirror", "linux-source-7.3", "7.3.4-1", tmp_path / "content")
    monkeypatch.setenv("PATH", f"{fake_make(tmp_path / 'bin', FRAGMENT)}:{os.environ['PATH']}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(build, "probe", lambda kernel: FIT[0])

    def test(result: tuple[Probe, str]) -> None:
        monkeypatch.setattr(build, "faults", lambda kernel, content: result)

    test(FIT)
    with serve(tmp_path / "mirror") as server:
        monkeypatch.setattr(build, "system_sources", lambda programs: [f"deb [trusted=yes] {server.url} ./"])
        yield Place(server, test)


def built(told: Told) -> build.Built:
    return build.build(told, Path("content"), jobs=1)


@needs_apt
def test_a_kernel_is_installed_with_what_belongs_to_it_and_nothing_else_is_left(place: Place) -> None:
    told = Told()
    kernel = built(told).kernel
    assert told == list(Stage)
    folder = built_folder() / "7.3.4-lab"
    assert kernel == Kernel("7.3.4-lab", folder / "linux", Origin.BUILT)
    assert kernel in kernels()
    assert {path.name for path in folder.iterdir()} == {"linux", "config", "COPYING", "about.json", "LICENCE-NOTE"}
    assert folder.joinpath("linux").stat().st_mode & 0o777 == 0o755
    about = json.loads((folder / "about.json").read_text())
    assert about["source"]["version"] == "7.3.4-1"
    assert about["source"]["digest"].startswith("SHA256:")
    assert about["files compiled"] == 5
    assert (folder / "COPYING").read_text() == "see the GPL\nthe GPL"
    note = (folder / "LICENCE-NOTE").read_text()
    assert "apt-get download linux-source-7.3=7.3.4-1" in note
    assert "core id" not in note, "this source was not changed"
    assert list(build.build_folder().iterdir()) == []
    assert [path.name for path in built_folder().parent.iterdir()] == ["kernels"]


@needs_apt
def test_a_kernel_that_is_there_is_not_built_again(place: Place) -> None:
    kernel = built(Told()).kernel
    told = Told()
    assert built(told).kernel == kernel
    assert told == [Stage.FIND]
    assert list(build.build_folder().iterdir()) == []


@needs_apt
def test_with_other_options_it_is_built_again_and_takes_the_place_of_the_old_one(place: Place) -> None:
    kernel = built(Told()).kernel
    (kernel.program.parent / "old").touch()
    about = kernel.program.parent / build.ABOUT
    about.write_text(about.read_text().replace('"options": "', '"options": "0'))
    assert built(Told()).kernel == kernel
    assert not (kernel.program.parent / "old").exists()


@needs_apt
def test_what_else_lies_beside_a_kernel_stops_no_build(place: Place) -> None:
    kernel = built(Told()).kernel
    (kernel.program.parent / build.ABOUT).write_text("[]")
    told = Told()
    built(told)
    assert told == list(Stage)


@needs_apt
def test_a_kernel_that_is_unfit_is_kept_out_of_use_and_the_tree_for_a_look(place: Place) -> None:
    place.test((Probe(False, "Kernel panic - not syncing"), "Kernel panic - not syncing"))
    with pytest.raises(LabsError) as caught:
        built(Told())
    assert caught.value.key == "kernel-unfit"
    assert caught.value.params["said"] == "Kernel panic - not syncing"
    assert Path(caught.value.params["path"]).is_file()
    assert not built_folder().exists()
    assert build.unfinished() > 0
    build.discard()
    assert build.unfinished() == 0


@needs_apt
def test_an_interrupted_build_does_not_fetch_again(place: Place) -> None:
    def interrupt(kernel: Kernel, content: Path) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "faults", interrupt)
        with pytest.raises(KeyboardInterrupt):
            built(Told())
    place.server.given = 0  # no package is to be had any more
    told = Told()
    built(told)
    assert Stage.DOWNLOAD not in told
    assert told[-1] is Stage.INSTALL


@needs_apt
def test_two_builds_do_not_meet(place: Place) -> None:
    def second(kernel: Kernel, content: Path) -> tuple[Probe, str]:
        with pytest.raises(LabsError) as caught:
            built(Told())
        assert caught.value.key == "build-runs"
        with pytest.raises(LabsError) as caught:
            build.discard()
        assert caught.value.key == "build-runs"
        return FIT

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "faults", second)
        built(Told())


def test_without_room_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=1 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    told = Told()
    with pytest.raises(LabsError) as caught:
        built(told)
    assert caught.value.key == "build-room"
    assert (caught.value.params["needed"], caught.value.params["free"]) == ("2.1", "1.1")
    assert told == []


def test_on_another_processor_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(LabsError) as caught:
        built(Told())
    assert caught.value.key == "kernel-architecture"
    assert not build.build_folder().exists()


def test_where_there_is_no_apt_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabsError) as caught:
        built(Told())
    assert caught.value.key == "no-apt"


def test_a_folder_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(LabsError) as caught:
        build.check_room()
    assert caught.value.key == "build-folder"
