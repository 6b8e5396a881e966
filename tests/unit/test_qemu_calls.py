"""The program that is a list of system calls, run as any program is; what this machine's processor is not is run by
QEMU."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lablib.machine.qemu.calls import AT_FDCWD, PROCESSORS, Call, program


@pytest.fixture(params=sorted(PROCESSORS))
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(calls: list[Call], machine: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    file = folder / "init"
    file.write_bytes(program(calls, machine))
    file.chmod(0o755)
    command = [str(file)]
    if machine != os.uname().machine:
        emulator = shutil.which(f"qemu-{machine}") or shutil.which(f"qemu-{machine}-static")
        if emulator is None:
            pytest.skip(f"nothing here runs programs for {machine}")
        command = [emulator, *command]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=30)


def made(folder: Path, name: str) -> Call:
    return Call("mkdirat", (AT_FDCWD, os.fsencode(folder / name), 0o750))


def test_its_calls_are_made_one_after_the_other(machine: str, tmp_path: Path) -> None:
    link = Call("symlinkat", (b"a/b", AT_FDCWD, b"link"))
    echo = Call("execve", (os.fsencode(shutil.which("echo") or ""), [b"echo", b"as", b"told"], [b"A=b"]))
    calls = [made(tmp_path, "a"), made(tmp_path, "a/b"), Call("chdir", (b"a",)), link]
    if machine == os.uname().machine:
        calls.append(echo)
    done = run(calls, machine, tmp_path)
    assert (tmp_path / "a/b").is_dir()
    assert (tmp_path / "a/link").resolve() == tmp_path / "a/a/b"
    assert machine != os.uname().machine or done.stdout == b"as told\n"


def test_it_ends_at_the_call_that_fails_with_its_place(machine: str, tmp_path: Path) -> None:
    calls = [made(tmp_path, "a"), made(tmp_path, "no/such"), made(tmp_path, "b")]
    assert run(calls, machine, tmp_path).returncode == 2
    assert (tmp_path / "a").is_dir()
    assert not (tmp_path / "b").exists()
