"""What a kernel can do is found by booting it; what cannot be booted is kept out of use."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.grading.script import check_script
from lablib.machine.guest import GuestMachine
from lablib.machine.kernels import Kernel, Origin, choose, kernels
from lablib.machine.probing import best, noted, probe
from tests.guests import children, new_guest

EM_AARCH64 = 183


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/container-labs/kernels"


@pytest.fixture
def kernel(guests_boot: None, tmp_path: Path) -> Kernel:
    """A copy of the one that guests boot here."""
    program = tmp_path / "kernel"
    shutil.copy(kernels()[0].program, program)
    return Kernel("copy", program, Origin.NAMED)


def file_of(tmp_path: Path, content: bytes) -> Kernel:
    program = tmp_path / "bad"
    program.write_bytes(content)
    program.chmod(0o755)
    return Kernel("bad", program, Origin.NAMED)


def test_what_a_kernel_can_do_is_found_and_noted(kernel: Kernel, boot: Callable[..., GuestMachine]) -> None:
    assert noted(kernel) is None
    found = probe(kernel)
    assert found.boots
    assert {"memory", "cpu", "pids", "io"} <= set(found.features)
    assert found.release == boot().capabilities.release
    assert noted(kernel) == found


def test_a_kernel_whose_file_has_changed_is_another_one(kernel: Kernel) -> None:
    probe(kernel)
    os.utime(kernel.program, (1, 1))
    assert noted(kernel) is None


@pytest.mark.parametrize("content", [b"", b"no", b"[1]", b'{"/x": {"1 2": {}}}', b"[" * 100000])
def test_notes_that_are_broken_count_as_none(cache: Path, kernel: Kernel, content: bytes) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_bytes(content)
    assert noted(kernel) is None
    assert noted(kernel) or probe(kernel).boots


def test_a_kernel_that_does_not_boot_says_what_its_console_said(tmp_path: Path) -> None:
    env = file_of(tmp_path, Path("/usr/bin/env").read_bytes())  # it takes the options for variables, but for `ro`
    found = probe(env)
    assert not found.boots
    assert "'ro': No such file or directory" in found.said


def test_a_kernel_that_was_cut_off_does_not_boot(kernel: Kernel, tmp_path: Path) -> None:
    whole = kernel.program.read_bytes()
    assert not probe(file_of(tmp_path, whole[: len(whole) // 2])).boots


def test_a_kernel_of_another_architecture_does_not_boot(kernel: Kernel, tmp_path: Path) -> None:
    content = bytearray(kernel.program.read_bytes())
    struct.pack_into("<H", content, 18, EM_AARCH64)  # e_machine of elf(5)
    found = probe(file_of(tmp_path, bytes(content)))
    assert not found.boots
    assert "format" in found.said


def test_one_that_does_not_boot_is_not_used_while_another_does(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABS_GUEST_KERNEL", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    built = tmp_path / "data/container-labs/kernels"
    for name, source in (("good", kernel), ("newer", file_of(tmp_path, Path("/usr/bin/env").read_bytes()))):
        (built / name).mkdir(parents=True)
        shutil.copy2(source.program, built / name / "linux")
    monkeypatch.setenv("PATH", "/nowhere")  # the distribution's is left out
    assert {found.name for found in kernels()} == {"newer", "good"}
    chosen, found = best()
    assert found.boots
    assert chosen.name == "good"
    choose("newer")
    assert best()[0].name == "good", "not even one that was chosen"


def test_a_machine_for_practice_grades_nothing(guests_boot: None, tasks: dict[str, Task]) -> None:
    with pytest.raises(MachineError) as caught:
        check_script(tasks["cgroups/memory-only"], b"", lambda: new_guest(practice=True))
    assert caught.value.key == "practice-only"


def test_the_programs_of_a_guest_that_grades_are_traced_by_its_kernel(boot: Callable[..., GuestMachine]) -> None:
    """So that none of them can write the guest kernel's memory (docs/threat-model.md)."""
    machine = boot()
    assert machine._keeper is not None
    (kernel,) = children(machine._keeper.pid)
    tracers = {_status(pid, "TracerPid") for pid in children(kernel)}
    assert str(kernel) in tracers
    assert b"seccomp=on" not in Path(f"/proc/{kernel}/cmdline").read_bytes()


def test_those_of_a_quick_one_are_not(boot: Callable[..., GuestMachine]) -> None:
    if not best()[1].seccomp:
        pytest.skip("this kernel knows no seccomp=on")
    machine = boot(practice=True)
    assert machine.capabilities.practice
    assert machine._keeper is not None
    (kernel,) = children(machine._keeper.pid)
    assert {_status(pid, "TracerPid") for pid in children(kernel)} == {"0"}


def _status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
