"""What a machine lacks, told before there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib import needs
from lablib.errors import MachineError
from lablib.machine import probing
from lablib.machine.kernels import Kernel
from lablib.machine.probing import Probe
from lablib.needs import lacking_in_guest


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel of which it is noted that it has loop devices and the memory controller."""
    kernel = Kernel("made", Path("/made"), "made")
    monkeypatch.setattr(probing, "all_noted", lambda: True)
    monkeypatch.setattr(probing, "best", lambda: (kernel, Probe(True, features=("loop", "memory"))))


def test_a_program_is_there_if_this_machine_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offered: None
) -> None:
    (tmp_path / "there").touch(0o755)
    monkeypatch.setattr(needs, "_PROGRAMS", str(tmp_path))
    assert lacking_in_guest(["program:there", "program:absent"]) == {"program:absent"}


def test_what_the_kernel_has_is_what_was_noted_of_it(offered: None) -> None:
    asked = ["feature:loop", "feature:squashfs", "controller:memory", "controller:io", "systemd"]
    assert lacking_in_guest(asked) == {"feature:squashfs", "controller:io", "systemd"}


def test_of_a_kernel_that_was_never_booted_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "all_noted", lambda: False)
    assert lacking_in_guest(["feature:loop"]) == set()


def test_where_there_is_no_kernel_the_lesson_says_so_and_not_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> tuple[Kernel, Probe]:
        raise MachineError("no-kernel")

    monkeypatch.setattr(probing, "all_noted", lambda: True)
    monkeypatch.setattr(probing, "best", none)
    assert lacking_in_guest(["feature:loop"]) == set()
