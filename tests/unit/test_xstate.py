"""The library that hands ptrace(2) the whole extended state, tried on real processes of this machine."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lablib.machine import xstate

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="User-Mode Linux is for x86-64")

SOURCE = Path(xstate.__file__).with_suffix(".s")
TRACER = """
import ctypes, errno, json, os, signal, struct
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
libc.ptrace.restype = ctypes.c_long
TRACEME, PEEKDATA, POKEDATA, GETREGSET, SETREGSET, XSTATE = 0, 2, 5, 0x4204, 0x4205, 0x202
word = ctypes.c_long(-1)
pid = os.fork()
if pid == 0:
    libc.ptrace(TRACEME, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
os.waitpid(pid, 0)
state = ctypes.create_string_buffer(b"\\xee" * 65536)

def regset(request, size, target=pid):
    iovec = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(state), size))
    result = libc.ptrace(request, target, XSTATE, ctypes.addressof(iovec))
    return result, ctypes.get_errno() if result else 0, struct.unpack("QQ", iovec.raw[:16])[1]

def peek(address, target=pid):
    ctypes.set_errno(99)
    return libc.ptrace(PEEKDATA, target, address, 0), ctypes.get_errno()

found = {"early": regset(SETREGSET, 576)[0], "whole": regset(GETREGSET, 65536)[2]}
mark = bytes(range(16))
ctypes.memset(state, 0xEE, 65536)
found["short"] = regset(GETREGSET, 832)
found["beyond"] = state.raw[832:840].hex()
state[160:176] = mark  # XMM0 of struct fxregs_state
found["set"] = regset(SETREGSET, 832)
ctypes.memset(state, 0, 65536)
regset(GETREGSET, 832)
found["kept"] = state.raw[160:176] == mark
found["nobody"] = regset(SETREGSET, 832, 2**22 + 1)[:2]
found["peek"] = peek(ctypes.addressof(word))
found["poke"] = libc.ptrace(POKEDATA, pid, ctypes.addressof(word), 4321)
found["poked"] = peek(ctypes.addressof(word))
found["unmapped"] = peek(16)
os.kill(pid, signal.SIGKILL)
print(json.dumps(found))
"""


def traced(folder: Path) -> dict[str, Any]:
    (folder / xstate.NAME).write_bytes(xstate.library())
    environment = {**os.environ, "LD_PRELOAD": f"./{xstate.NAME}"}
    done = subprocess.run([sys.executable, "-c", TRACER], env=environment, cwd=folder, capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stderr == b"", done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_state_longer_than_the_buffer_is_read_and_set(tmp_path: Path) -> None:
    found = traced(tmp_path)
    assert found["whole"] > 832, "this machine cannot show the difference"
    assert found["early"] == -1, "the library has not been asked for the length yet, so the kernel's no stands"
    assert found["short"] == [0, 0, 832]
    assert found["beyond"] == "ee" * 8, "nothing is written beyond the caller's buffer"
    assert found["set"] == [0, 0, 832]
    assert found["kept"]


def test_every_other_call_is_the_c_librarys(tmp_path: Path) -> None:
    found = traced(tmp_path)
    assert found["nobody"] == [-1, 3]  # ESRCH
    assert found["peek"] == [-1, 0]
    assert (found["poke"], found["poked"]) == (0, [4321, 0])
    assert found["unmapped"] == [-1, 5]  # EIO


@pytest.mark.skipif(not (shutil.which("as") and shutil.which("objcopy")), reason="no binutils on this machine")
def test_the_program_is_what_its_source_assembles_to(tmp_path: Path) -> None:
    subprocess.run(["as", SOURCE, "-o", "xstate.o"], cwd=tmp_path, check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", "xstate.o", "text"], cwd=tmp_path, check=True)
    assert (tmp_path / "text").read_bytes() == xstate.TEXT
