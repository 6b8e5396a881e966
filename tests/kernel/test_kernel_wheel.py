"""`labs-kernel`: a wheel of a kernel, installed into an environment of its own, from which a guest boots."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.errors import MachineError
from lablib.machine.kernels import Origin, kernels

PROJECT = Path(__file__).parents[2]
PACKAGING = PROJECT / "packaging/kernel"
BOOT = """
import sys
sys.path.insert(0, sys.argv[1])
from lablib.machine.guest import GuestMachine
from lablib.machine.kernels import Origin, kernels
found = [kernel for kernel in kernels() if kernel.origin is Origin.WHEEL]
with GuestMachine(found[0]) as machine:
    print(found[0].program, machine.capabilities.release)
"""


def pack(folder: Path, to: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--wheel-dir", to]
    setting = ["--config-settings", f"kernel={folder}"]
    return subprocess.run([*words, *setting, str(PACKAGING)], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def built() -> Path:
    """The folder of the newest kernel that was built here."""
    try:
        found = [kernel for kernel in kernels() if kernel.origin is Origin.BUILT]
    except MachineError as error:
        pytest.skip(str(error))
    if not found:
        pytest.skip("no kernel was built here: labs guest build")
    return found[0].program.parent


@pytest.mark.kernel
def test_a_guest_boots_the_kernel_of_an_installed_wheel(built: Path, tmp_path: Path) -> None:
    packed = pack(built, tmp_path)
    assert packed.returncode == 0, packed.stderr
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    installing = [python, "-m", "pip", "install", "--no-index", "--find-links", tmp_path, "labs-kernel"]
    subprocess.run(installing, check=True, capture_output=True)
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")}
    environment.pop("LABS_GUEST_KERNEL", None)
    done = subprocess.run([python, "-c", BOOT, PROJECT], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    program, release = done.stdout.split()
    assert Path(program).is_relative_to(tmp_path / "venv")
    assert Path(program).stat().st_mode & 0o777 == 0o755
    assert release == json.loads((built / "about.json").read_text())["release"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves, but for the kernel: a program of this machine."""
    folder = tmp_path / "7.3.4-lab"
    folder.mkdir()
    shutil.copy("/usr/bin/env", folder / "linux")
    for name in ("config", "COPYING", "LICENCE-NOTE"):
        (folder / name).write_text(name)
    (folder / "about.json").write_text('{"release": "7.3.4-lab"}')
    return folder


def test_the_same_kernel_makes_the_same_wheel(folder: Path, tmp_path: Path) -> None:
    wheels = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        assert pack(folder, tmp_path / name).returncode == 0
        wheels += (tmp_path / name).glob("labs_kernel-7.3.4-py3-none-*.whl")
    assert len(wheels) == 2
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


def test_a_folder_that_is_not_whole_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "COPYING").unlink()
    done = pack(folder, tmp_path)
    assert done.returncode != 0
    assert "has no COPYING" in done.stderr + done.stdout


def test_what_is_no_program_of_a_known_machine_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "linux").write_text("#!/bin/sh\n")
    done = pack(folder, tmp_path)
    assert done.returncode != 0
    assert "not a program" in done.stderr + done.stdout
