"""Files of somebody else's are read within their root, and never waited for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from lablib.kernel.inside import MAX_BYTES, Inside


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/name").write_text("theirs")
    (tmp_path / "name").write_text("ours")
    return Inside(root)


def test_what_is_there_is_read(inside: Inside) -> None:
    assert inside.text("/etc/name") == "theirs"
    assert inside.names("/") == ["etc"]
    assert stat.S_ISDIR(inside.stat("/etc").st_mode)
    assert inside.exists("/etc/name") and not inside.exists("/etc/other")


@pytest.mark.parametrize("target", ["/etc/name", "../../../etc/name", "../etc/name", "name"])
def test_a_link_stays_within_the_root(inside: Inside, target: str) -> None:
    (inside.root / "etc/link").symlink_to(target)
    assert inside.text("/etc/link") == "theirs"
    assert stat.S_ISLNK(inside.lstat("/etc/link").st_mode)


def test_what_a_link_says_is_read_and_nothing_else_is_a_link(inside: Inside) -> None:
    (inside.root / "etc/link").symlink_to("/somewhere")
    assert inside.link("/etc/link") == "/somewhere"
    with pytest.raises(OSError):
        inside.link("/etc/name")


def test_what_a_magic_link_says_is_read_without_following_it() -> None:
    assert Inside(Path("/")).link(f"/proc/{os.getpid()}/ns/pid") == os.readlink("/proc/self/ns/pid")


def test_no_path_leads_out_of_it(inside: Inside) -> None:
    assert inside.text("/../../etc/name") == "theirs"
    with pytest.raises(FileNotFoundError):
        inside.read("/../name")


def test_a_magic_link_is_not_followed(inside: Inside) -> None:
    with pytest.raises(OSError) as caught:
        Inside(Path("/")).read(f"/proc/{os.getpid()}/root/etc/passwd")
    assert caught.value.errno == errno.ELOOP


def test_a_pipe_or_a_device_is_not_waited_for(inside: Inside) -> None:
    os.mkfifo(inside.root / "pipe")
    for name in ("/pipe", "/etc"):
        with pytest.raises(OSError):
            inside.read(name)
    assert inside.exists("/pipe")


def test_a_large_file_is_cut(inside: Inside) -> None:
    (inside.root / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    assert len(inside.read("/large")) == MAX_BYTES
    assert inside.read("/large", 3) == b"xxx"


def test_an_attribute_that_is_not_there_is_none(inside: Inside) -> None:
    assert inside.xattr("/etc", "user.labs") is None
    try:
        os.setxattr(inside.root / "etc", "user.labs", b"y")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    assert inside.xattr("/etc", "user.labs") == b"y"
