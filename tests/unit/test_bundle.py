"""The bundle of compiled modules that a guest's agent starts from, made and read by real Pythons."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.cache import cache_file
from lablib.errors import MachineError
from lablib.machine import bundle as bundles
from lablib.machine.bundle import NAME, bundle
from lablib.machine.code import put_code
from lablib.machine.pack import stamp

PYTHON = Path(sys.executable)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_file(NAME)


def run(folder: Path, code: str) -> str:
    """What `code` prints as the entry of an agent below `folder`."""
    entry = folder / "lablib/machine/agent/entry.py"
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.write_text(f"def main():\n    {code}\n")
    command = [PYTHON, "-IS", folder / "start.py"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    put_code(tmp_path / "code", "entry", bundle(PYTHON))
    return tmp_path / "code"


def test_modules_of_ours_and_of_the_standard_library_come_from_it(copied: Path) -> None:
    shown = "import json, lablib.machine.wire as w; print(type(w.__loader__).__name__, type(json.__loader__).__name__)"
    assert run(copied, shown) == "Bundle Bundle"


def test_a_module_that_is_not_in_it_is_found_as_ever(copied: Path) -> None:
    assert run(copied, "import csv; print(type(csv.__loader__).__name__)") == "SourceFileLoader"


def test_a_module_from_it_names_its_file_so_that_a_traceback_can_show_it(copied: Path) -> None:
    assert run(copied, "import lablib.machine.wire as w; print(w.__file__)") == str(copied / "lablib/machine/wire.py")


def test_it_is_made_once(cache: Path) -> None:
    made = bundle(PYTHON)
    before = stamp(str(cache))
    assert bundle(PYTHON) == made
    assert stamp(str(cache)) == before


def test_nobody_else_may_read_or_write_what_is_kept(cache: Path) -> None:
    bundle(PYTHON)
    assert cache.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"\0\0\0\4no", b"\0\0\0\1N", b"\xff" * 100])
def test_one_that_is_broken_is_made_again(cache: Path, content: bytes) -> None:
    made = bundle(PYTHON)
    cache.write_bytes(content)
    assert bundle(PYTHON) == made


def test_one_that_somebody_else_can_write_is_not_believed(cache: Path) -> None:
    made = bundle(PYTHON)
    cache.write_bytes(made[:-1] + bytes([made[-1] ^ 1]))
    cache.chmod(0o666)
    assert bundle(PYTHON) == made


def test_it_is_made_again_when_a_file_in_it_has_changed(cache: Path) -> None:
    bundle(PYTHON)
    before = cache.stat().st_ino
    source = Path(bundles.__file__).with_name("wire.py")
    status = source.stat()
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    try:
        bundle(PYTHON)
    finally:
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert cache.stat().st_ino != before


def test_a_python_that_cannot_make_it_is_said(tmp_path: Path) -> None:
    poor = tmp_path / "python"
    poor.write_text("#!/bin/sh\necho one line >&2; echo no module called marshal >&2; exit 1\n")
    poor.chmod(0o755)
    with pytest.raises(MachineError) as caught:
        bundle(poor)
    assert caught.value.key == "no-bundle"
    assert caught.value.params["reason"] == "no module called marshal"


def test_a_cache_that_cannot_be_written_is_no_error(cache: Path) -> None:
    cache.parent.parent.write_text("a file where the folder should be")
    assert bundle(PYTHON)
