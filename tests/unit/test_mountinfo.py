"""Mounts as the kernel lists them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lablib.kernel.mountinfo import parse
from lablib.kernel.procfs import ProcFS

OVERLAY = (
    "36 35 0:31 / /lab/a\\040b rw,relatime shared:1 master:2 - overlay over\\134lay "
    "rw,lowerdir=/lab/one:/lab/t\\134:wo\\054,upperdir=/lab/up,workdir=/lab/work"
)


def test_each_field_is_there_as_it_is() -> None:
    (mount,) = parse(OVERLAY)
    assert (mount.id, mount.parent, mount.device, mount.root, mount.point) == (36, 35, "0:31", "/", "/lab/a b")
    assert (mount.options, mount.propagation) == (("rw", "relatime"), ("shared:1", "master:2"))
    assert (mount.type, mount.source) == ("overlay", "over\\lay")
    assert mount.option("upperdir") == "/lab/up"
    assert mount.option("nosuch") is None


def test_the_layers_of_an_overlay_are_told_apart_whatever_is_in_their_names() -> None:
    (mount,) = parse(OVERLAY)
    assert mount.layers() == ("/lab/one", "/lab/t:wo,")
    (newer,) = parse("36 35 0:31 / /m rw - overlay overlay rw,lowerdir+=/lab/one,lowerdir+=/lab/two,upperdir=/u")
    assert newer.layers() == ("/lab/one", "/lab/two")


def test_what_is_no_mount_is_left_out() -> None:
    assert list(parse("\nno mount\n36 x 0:31 / / rw - a b c\n36 35 0:31 / / rw - overlay\n")) == []


def test_the_mounts_and_maps_of_a_real_process_are_read() -> None:
    proc = ProcFS()
    assert any(mount.type == "proc" and mount.point == "/proc" for mount in proc.mounts(os.getpid()))
    assert proc.uid_map(os.getpid())
    assert proc.mounts(2**22 + 1) == () and proc.uid_map(2**22 + 1) == ()


def test_the_files_of_a_process_are_those_below_its_root(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("seen\n")
    assert ProcFS().files(os.getpid()).text(f"{tmp_path.resolve()}/mine") == "seen\n"
    (tmp_path / "7").mkdir()
    (tmp_path / "7/root").symlink_to(tmp_path)
    assert ProcFS(tmp_path).files(7).text("/mine") == "seen\n"
    assert not ProcFS(tmp_path).files(8).exists("/mine")


def test_a_process_is_found_by_the_pid_that_it_is_known_by(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert ProcFS().shown_process(child.pid) == child.pid
        child.kill()
    assert ProcFS().shown_process(2**22 + 1) is None
