"""Which machine it is: what `auto` stands for, and whether there is a choice between guest and host, which only root of
a virtual machine with cgroup v2 has."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.errors import MachineError
from lablib.machine import probing
from lablib.machine.choose import IN_QEMU, both_make_sense, guest_release, machine_factory
from lablib.machine.guest import GuestMachine
from lablib.machine.kernels import Kernel, Origin
from lablib.machine.probing import Probe
from lablib.machine.qemu import choosing
from lablib.machine.qemu.emulator import Emulator
from lablib.machine.qemu.images import Image
from lablib.machine.qemu.machine import QemuMachine

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


KERNEL = Kernel("linux.uml", Path("/usr/bin/linux.uml"), Origin.DISTRIBUTION)


def there_is(monkeypatch: pytest.MonkeyPatch, uml: bool | None, qemu: bool) -> None:
    """Whether User-Mode Linux boots, None for none at all, and whether guests can be in QEMU."""

    def best() -> tuple[Kernel, Probe]:
        if uml is None:
            raise MachineError("guest-kernel-missing", program="linux.uml")
        return KERNEL, Probe(boots=uml)

    def in_qemu() -> tuple[Emulator, Image]:
        if not qemu:
            raise MachineError("qemu-missing", program="qemu", package="qemu")
        return Emulator("/usr/bin/qemu", "x86_64", kvm=False), Image("6.1", Path("/vmlinuz"), Path("/modules"))

    monkeypatch.setattr(probing, "best", best)
    monkeypatch.setattr(choosing, "best", in_qemu)


@pytest.mark.parametrize("uml", [None, False])
def test_where_no_user_mode_linux_boots_guests_are_in_qemu_and_say_so(
    monkeypatch: pytest.MonkeyPatch, uml: bool | None
) -> None:
    there_is(monkeypatch, uml, qemu=True)
    machine = machine_factory("auto")()
    assert isinstance(machine, QemuMachine)
    assert machine.warnings == (IN_QEMU,)


def test_where_it_boots_only_who_asks_is_in_qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    there_is(monkeypatch, uml=True, qemu=True)
    assert isinstance(machine_factory("auto")(), GuestMachine)
    machine = machine_factory("qemu")()
    assert isinstance(machine, QemuMachine)
    assert machine.warnings == ()


def test_graders_are_told_of_the_kernel_that_guests_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    there_is(monkeypatch, uml=False, qemu=True)
    assert guest_release() == "6.1"
    there_is(monkeypatch, uml=False, qemu=False)
    with pytest.raises(MachineError, match="kernel-dead"):
        guest_release()


def test_who_asks_for_one_kind_gets_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    there_is(monkeypatch, uml=None, qemu=True)
    with pytest.raises(MachineError, match="guest-kernel-missing"):
        machine_factory("guest")()
    there_is(monkeypatch, uml=True, qemu=False)
    with pytest.raises(MachineError, match="qemu-missing"):
        machine_factory("qemu")()


def test_where_there_is_neither_the_usual_one_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    there_is(monkeypatch, uml=None, qemu=False)
    with pytest.raises(MachineError, match="guest-kernel-missing"):
        machine_factory("auto")()
    there_is(monkeypatch, uml=False, qemu=False)
    assert isinstance(machine_factory("auto")(), GuestMachine)
