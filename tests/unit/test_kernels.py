"""Which kernels there are on a machine, and in what order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lablib.errors import MachineError
from lablib.machine.guest import GuestMachine
from lablib.machine.kernels import Kernel, Origin, built_folder, choose, chosen_name, kernels
from lablib.machine.probing import Probe


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABS_GUEST_KERNEL", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def program(path: Path, age: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a kernel")
    path.chmod(0o755)
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def test_without_any_it_says_so() -> None:
    with pytest.raises(MachineError) as caught:
        kernels()
    assert caught.value.key == "guest-kernel-missing"


def test_the_distributions_is_found_on_the_path(tmp_path: Path) -> None:
    found = program(tmp_path / "bin/linux.uml")
    assert kernels() == [Kernel("linux.uml", found, Origin.DISTRIBUTION)]


def test_those_built_here_come_first_the_newest_before_the_others(tmp_path: Path) -> None:
    program(tmp_path / "bin/linux.uml")
    program(built_folder() / "7.2.1-lab/linux", age=10)
    program(built_folder() / "7.3.4-lab/linux", age=5)
    program(built_folder() / "7.1.0-lab/linux", age=20)
    assert [kernel.name for kernel in kernels()] == ["7.3.4-lab", "7.2.1-lab", "7.1.0-lab", "linux.uml"]


def test_what_is_half_there_is_no_kernel(tmp_path: Path) -> None:
    program(tmp_path / "bin/linux.uml")
    (built_folder() / "empty").mkdir(parents=True)
    program(built_folder() / "unusable/linux").chmod(0o644)
    assert [kernel.name for kernel in kernels()] == ["linux.uml"]


def test_that_of_the_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "site/labs_kernel/linux")
    (tmp_path / "site/labs_kernel/__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert [(kernel.name, kernel.origin) for kernel in kernels()] == [("labs-kernel", Origin.WHEEL)]


def test_the_one_chosen_comes_first(tmp_path: Path) -> None:
    program(tmp_path / "bin/linux.uml")
    program(built_folder() / "7.3.4-lab/linux")
    choose("linux.uml")
    assert [kernel.name for kernel in kernels()] == ["linux.uml", "7.3.4-lab"]
    choose("")
    assert [kernel.name for kernel in kernels()] == ["7.3.4-lab", "linux.uml"]
    assert chosen_name() == ""


def test_the_one_named_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin/linux.uml")
    named = program(tmp_path / "mine")
    monkeypatch.setenv("LABS_GUEST_KERNEL", str(named))
    assert kernels() == [Kernel(str(named), named, Origin.NAMED)]


@pytest.mark.parametrize("name", ["missing", "folder", "plain"])
def test_one_named_that_cannot_be_executed_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").touch()
    monkeypatch.setenv("LABS_GUEST_KERNEL", str(tmp_path / name))
    with pytest.raises(MachineError) as caught:
        kernels()
    assert caught.value.key == "guest-kernel-unusable"


@pytest.mark.parametrize(
    ("practice", "able", "quick"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_only_practice_is_quick_and_only_where_the_kernel_can(
    monkeypatch: pytest.MonkeyPatch, practice: bool, able: bool, quick: bool
) -> None:
    from lablib.machine import choose as choosing
    from lablib.machine import probing

    kernel = Kernel("a", Path("/a"), Origin.BUILT)
    monkeypatch.setattr(probing, "best", lambda: (kernel, Probe(boots=True, seccomp=able)))
    machine = choosing.guest_factory(practice=practice)()
    assert isinstance(machine, GuestMachine)
    assert machine.practice is quick
    assert choosing.machine_factory("auto")().practice is False  # type: ignore[attr-defined]
