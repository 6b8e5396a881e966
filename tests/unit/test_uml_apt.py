"""The kernel's source through apt: which there is, and what becomes of a download. Real apt, a mirror of our own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.errors import LabsError
from lablib.uml.apt import NEWER, Apt, os_release, release_numbers, source_lines
from lablib.uml.programs import Programs
from tests.unit.mirror import Server, add_package, add_suite, serve

HAS_APT = shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None
needs_apt = pytest.mark.skipif(not HAS_APT, reason="there is no apt here")
BYTES = 3 << 20


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    for version in ("6.1", "7.3", "6.12"):
        content = tmp_path / "content"
        (content / "src").mkdir(parents=True)
        (content / "src" / f"linux-source-{version}.tar.xz").write_bytes(os.urandom(BYTES))
        add_package(tmp_path / "mirror", f"linux-source-{version}", f"{version}.4-1", content)
    return tmp_path / "mirror"


@pytest.fixture
def server(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serve(mirror) as server:
        yield server


@pytest.fixture
def apt(server: Server, tmp_path: Path) -> Apt:
    return Apt(tmp_path / "apt", [f"deb [trusted=yes] {server.url} ./"], Programs(tmp_path / "log"))


@needs_apt
def test_the_newest_source_is_taken_and_another_one_by_its_name(apt: Apt, server: Server) -> None:
    newest = apt.find()
    assert (newest.package, newest.version) == ("linux-source-7.3", "7.3.4-1")
    assert server.url in newest.suite
    assert apt.find("linux-source-6.12").version == "6.12.4-1"


@needs_apt
def test_the_kernel_is_the_one_that_the_package_of_the_newest_names(apt: Apt, mirror: Path, tmp_path: Path) -> None:
    for name, more in (
        ("linux-image-6.1.0-9-amd64", ""),
        ("linux-image-6.1.0-56-amd64", ""),
        ("linux-image-amd64", "Depends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)\n"),
    ):
        (tmp_path / "empty").mkdir()
        add_package(mirror, name, "6.1.192-2", tmp_path / "empty", more)
    found = apt.kernel("linux-image-amd64")
    assert (found.package, found.version) == ("linux-image-6.1.0-56-amd64", "6.1.192-2")
    with pytest.raises(LabsError) as caught:
        apt.kernel("linux-image-arm64")
    assert caught.value.key == "source-none"


@needs_apt
def test_a_source_that_there_is_not_is_told_with_those_there_are(apt: Apt) -> None:
    with pytest.raises(LabsError) as caught:
        apt.find("linux-source-9.9")
    assert caught.value.key == "source-unknown"
    assert caught.value.params["known"] == "linux-source-6.1, linux-source-6.12, linux-source-7.3"


@needs_apt
def test_a_suite_that_cannot_be_had_is_left_out(server: Server, tmp_path: Path) -> None:
    lines = [f"deb {server.url} nosuch main", f"deb [trusted=yes] {server.url} ./"]
    assert Apt(tmp_path / "apt", lines, Programs(tmp_path / "log")).find().package == "linux-source-7.3"


@needs_apt
def test_a_suite_that_cannot_be_verified_is_left_out_and_apts_reason_is_told(server: Server, tmp_path: Path) -> None:
    with pytest.raises(LabsError) as caught:
        Apt(tmp_path / "apt", [f"deb {server.url} ./"], Programs(tmp_path / "log")).find()
    assert caught.value.key == "source-none"
    assert "Release" in caught.value.params["reason"]


@needs_apt
def test_a_package_is_fetched_whole(apt: Apt, mirror: Path) -> None:
    source = apt.find()
    archive = apt.archive(source)
    assert archive.digest.startswith("SHA256:")
    file = apt.download(source, archive, lambda count: None)
    assert file.read_bytes() == (mirror / archive.name).read_bytes()
    assert file.stat().st_size == archive.size


@needs_apt
def test_an_interrupted_download_is_gone_on_with(apt: Apt, server: Server, mirror: Path) -> None:
    source = apt.find()
    archive = apt.archive(source)
    server.given = BYTES // 8  # each of apt's tries
    with pytest.raises(LabsError) as caught:
        apt.download(source, archive, lambda count: None)
    assert caught.value.key == "source-not-fetched"
    server.given = None
    server.ranges.clear()
    file = apt.download(source, archive, lambda count: None)
    assert file.read_bytes() == (mirror / archive.name).read_bytes()
    start = int(server.ranges[0].removeprefix("bytes=").rstrip("-"))
    assert start >= BYTES // 8


@needs_apt
def test_a_package_that_is_gone_is_told(apt: Apt, mirror: Path) -> None:
    source = apt.find()
    archive = apt.archive(source)
    (mirror / archive.name).unlink()
    with pytest.raises(LabsError) as caught:
        apt.download(source, archive, lambda count: None)
    assert caught.value.key == "source-not-fetched"
    assert "404" in caught.value.params["reason"]


@needs_apt
def test_a_package_that_was_changed_is_refused(apt: Apt, mirror: Path) -> None:
    source = apt.find()
    archive = apt.archive(source)
    content = bytearray((mirror / archive.name).read_bytes())
    content[-100] ^= 1
    (mirror / archive.name).write_bytes(content)
    with pytest.raises(LabsError) as caught:
        apt.download(source, archive, lambda count: None)
    assert caught.value.key == "source-not-fetched"


def test_only_the_distributions_own_entries_count(tmp_path: Path) -> None:
    (tmp_path / "debian-archive-keyring.gpg").touch()
    targets = [
        ("http://m.example/debian", "bookworm", "main"),
        ("http://m.example/debian", "bookworm", "contrib"),
        ("http://m.example/debian", "bookworm-updates", "main"),
        ("http://m.example/security", "bookworm-security", "main"),
        ("https://elsewhere.example", "nodistro", "main"),
    ]
    option = f"deb [signed-by={tmp_path}/debian-archive-keyring.gpg] http://m.example"
    assert source_lines(targets, "debian", "bookworm", tmp_path) == [
        f"{option}/debian bookworm main",
        f"{option}/debian bookworm-updates main",
        f"{option}/security bookworm-security main",
        f"{option}/debian stable main",
        f"{option}/debian {{stable}}-backports main",
    ]


def test_entries_that_name_no_release_are_tried_all(tmp_path: Path) -> None:
    lines = source_lines([("http://m.example", "sid", "main")], "debian", "forky", tmp_path)
    assert lines[0] == "deb http://m.example sid main"
    assert len(lines) == 3


def test_without_an_entry_of_the_distribution_there_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(LabsError) as caught:
        source_lines([("http://m.example", "bookworm", "contrib")], "debian", "bookworm", tmp_path)
    assert caught.value.key == "source-none"


def test_numbers_are_compared_as_numbers() -> None:
    assert release_numbers("linux-source-6.12") > release_numbers("linux-source-6.8.0")


def test_the_distribution_is_read_from_os_release() -> None:
    assert os_release('# x=1\nID=debian\nVERSION_CODENAME="bookworm"\n') == {
        "ID": "debian",
        "VERSION_CODENAME": "bookworm",
    }


@needs_apt
def test_a_suite_is_asked_for_by_the_codename_that_another_has(server: Server, mirror: Path, tmp_path: Path) -> None:
    add_suite(mirror, "stable", "trixie")
    (tmp_path / "content").mkdir()
    add_package(mirror, "linux-source-7.4", "7.4.1-1", tmp_path / "content")
    add_suite(mirror, "trixie-backports", "trixie-backports")
    lines = [f"deb [trusted=yes] {server.url} {suite} main" for suite in NEWER["debian"]]
    assert Apt(tmp_path / "apt", lines, Programs(tmp_path / "log")).find().package == "linux-source-7.4"
    assert Apt(tmp_path / "other", lines[:1], Programs(tmp_path / "log")).find().package == "linux-source-7.3"


@needs_apt
def test_what_would_change_a_build_is_kept_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", "--dry-run")
    monkeypatch.setenv("KCONFIG_CONFIG", "/nowhere")
    said = Programs(tmp_path / "log").run(["env"])
    assert "PATH=" in said and "MAKEFLAGS" not in said and "KCONFIG" not in said
