"""Processes and cgroups as the kernel's files tell them, also while they go away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lablib.kernel import mounts
from lablib.kernel.cgroup2 import Cgroup, find_cgroup2
from lablib.kernel.procfs import Process, ProcFS
from lablib.kernel.syscalls import MS_NODEV, MS_NOSUID


def test_our_own_process_is_read_from_the_real_proc() -> None:
    proc, pid = ProcFS(), os.getpid()
    process = proc.process(pid)
    assert process is not None
    assert proc.is_alive(process)
    assert not proc.is_alive(Process(pid, process.start_time + 1))
    assert "python" in (proc.comm(pid) or "") or proc.comm(pid)
    assert proc.cmdline(pid)
    assert proc.state(pid) == "R"
    assert proc.namespace(pid, "pid") == os.readlink("/proc/self/ns/pid")
    assert pid in proc.pids()


def test_a_process_that_is_gone_is_none_everywhere(tmp_path: Path) -> None:
    proc = ProcFS(tmp_path)
    assert [proc.process(1), proc.comm(1), proc.cmdline(1), proc.state(1), proc.status(1), proc.cgroup(1)] == [None] * 6
    assert proc.namespace(1, "pid") is None
    assert proc.shown_pid(1) == 1


def test_the_pids_of_a_process_are_told_from_the_students_namespace_down(tmp_path: Path) -> None:
    (tmp_path / "5").mkdir()
    (tmp_path / "5/status").write_text("Name:\tsleep\nNSpid:\t5\t3\t1\n")
    assert ProcFS(tmp_path, depth=1).shown_pids(5) == (3, 1)
    assert ProcFS(tmp_path, depth=3).shown_pids(5) == ()
    assert [ProcFS(tmp_path, depth).is_shown(5) for depth in (0, 2, 3)] == [True, True, False]


def test_the_program_of_a_process_is_the_file_that_it_executes(tmp_path: Path) -> None:
    (tmp_path / "5").mkdir()
    (tmp_path / "program").touch()
    (tmp_path / "5/exe").symlink_to(tmp_path / "program")
    program = ProcFS(tmp_path).program(5)
    assert program is not None and program.st_ino == (tmp_path / "program").stat().st_ino
    assert ProcFS(tmp_path).program(6) is None


@pytest.mark.parametrize("name", ["a b", "a) R 1", "(((", "\xe9"])
def test_a_name_with_spaces_and_parentheses_does_not_confuse_stat(tmp_path: Path, name: str) -> None:
    (tmp_path / "5").mkdir()
    (tmp_path / "5/stat").write_text(f"5 ({name}) S " + " ".join(str(n) for n in range(4, 53)))
    assert ProcFS(tmp_path).process(5) == Process(5, 22)


def test_a_stat_that_is_cut_short_is_no_process(tmp_path: Path) -> None:
    (tmp_path / "5").mkdir()
    (tmp_path / "5/stat").write_text("5 (x) S 1 2")
    assert ProcFS(tmp_path).process(5) is None


def test_plain_files_are_no_cgroup2_root(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not on a cgroup2"):
        Cgroup.open_root(tmp_path)


def test_the_root_has_no_type_file_and_is_a_domain(tmp_path: Path) -> None:
    assert Cgroup(tmp_path).type() == "domain"
    with pytest.raises(FileNotFoundError):
        Cgroup(tmp_path / "gone").type()


def test_cgroup2_is_found_on_a_unified_and_on_a_hybrid_machine(tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    line = "30 23 0:26 / {} rw,nosuid shared:4 - {} {} rw\n"
    mountinfo.write_text(line.format("/sys/fs/cgroup", "cgroup2", "cgroup2"))
    assert find_cgroup2(mountinfo) == Path("/sys/fs/cgroup")
    mountinfo.write_text(
        line.format("/sys/fs/cgroup", "tmpfs", "tmpfs") + line.format("/sys/fs/cgroup/unified", "cgroup2", "cgroup2")
    )
    assert find_cgroup2(mountinfo) == Path("/sys/fs/cgroup/unified")
    mountinfo.write_text(line.format("/sys/fs/cgroup/memory", "cgroup", "cgroup"))
    assert find_cgroup2(mountinfo) is None


def test_a_mount_describes_itself_as_the_command_that_would_do_it(tmp_path: Path) -> None:
    mount = mounts.tmpfs("/x", mode=0o1777, size="64M", flags=MS_NOSUID | MS_NODEV)
    assert mount.describe() == "mount -t tmpfs -o nosuid,nodev,mode=1777,size=64M tmpfs /x"
    overlay = mounts.Overlay("/m", ("/b", "/a"), "/u", "/w")
    assert overlay.describe() == "mount -t overlay -o lowerdir=/b:/a,upperdir=/u,workdir=/w overlay /m"
    nodes = mounts.Node("/m/null", 1, 3), mounts.Node("/m/loop0", 7, 0, 0o660, block=True)
    plan = mounts.Plan((mounts.Symlink("/m/bin", "usr/bin"), *nodes))
    assert plan.describe() == "ln -s usr/bin /m/bin\nmknod -m 666 /m/null c 1 3\nmknod -m 660 /m/loop0 b 7 0"
