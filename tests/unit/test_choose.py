"""Whether there is a choice between guest and host: only root of a virtual machine with cgroup v2 is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.machine.choose import both_make_sense

VIRTUAL = "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\nbugs\t\t: spectre_v1\n"
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A virtual machine with everything."""
    for name, text in {
        "proc/cpuinfo": VIRTUAL,
        "proc/1/environ": "HOME=/\0TERM=linux\0",
        "proc/self/mountinfo": V2,
        "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_root_of_a_virtual_machine_has_the_choice(machine: Path) -> None:
    assert both_make_sense(machine, uid=0)


def test_an_ordinary_user_has_none(machine: Path) -> None:
    assert not both_make_sense(machine, uid=1000)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param("proc/cpuinfo", VIRTUAL.replace("hypervisor ", ""), id="a computer of their own"),
        pytest.param("proc/cpuinfo", "model name\t: hypervisor\n", id="a word elsewhere"),
        pytest.param("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n", id="a processor without that flag"),
        pytest.param("proc/self/mountinfo", V2.replace("cgroup2 cgroup2", "cgroup cgroup"), id="only version 1"),
        pytest.param("sys/fs/cgroup/cgroup.controllers", "cpu io pids\n", id="memory held by version 1"),
        pytest.param("proc/1/environ", "container=lxc\0", id="a container by its environment"),
        pytest.param(".dockerenv", "", id="docker"),
        pytest.param("run/.containerenv", "", id="podman"),
        pytest.param("run/systemd/container", "systemd-nspawn\n", id="nspawn"),
    ],
)
def test_elsewhere_there_is_none(machine: Path, file: str, text: str) -> None:
    (machine / file).parent.mkdir(parents=True, exist_ok=True)
    (machine / file).write_text(text)
    assert not both_make_sense(machine, uid=0)


@pytest.mark.parametrize("file", ["proc/cpuinfo", "proc/self/mountinfo", "sys/fs/cgroup/cgroup.controllers"])
def test_what_cannot_be_seen_is_not_there(machine: Path, file: str) -> None:
    (machine / file).unlink()
    assert not both_make_sense(machine, uid=0)
