"""The confinement of a guest's kernel process, tried on a plain process: it needs no privilege and no guest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.kernel import landlock
from lablib.machine.confinement import Confinement, deny_list, world_readable
from lablib.machine.syscall_numbers import NUMBERS

PROJECT = Path(__file__).parents[2]
PTRACE, BPF = {"aarch64": (117, 280)}.get(os.uname().machine, (101, 321))

pytestmark = [
    pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock"),
    pytest.mark.skipif(os.uname().machine not in NUMBERS, reason="no guest can be confined on this processor"),
]

ATTACK = """
import sys; sys.path.insert(0, {project!r})
import ctypes, os, socket
from pathlib import Path
from lablib.kernel import landlock, syscalls
from lablib.machine.confinement import Confinement
from lablib.machine.keeper import confine
folder = Path({folder!r})
libc = ctypes.CDLL(None, use_errno=True)
def raw(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
confinement = Confinement((str(folder / "read"),), (str(folder / "write"),), 64 << 20, min(landlock.abi(), {abi}))
confinement = confinement._replace(devices={devices})
confine(confinement.cell(os.getppid()))
try:
    {attack}
    print("done")
except OSError as error:
    print(os.strerror(error.errno))
"""

REFUSED = (
    "Permission denied",
    "Operation not permitted",
    "Read-only file system",
    "Function not implemented",
    "Invalid cross-device link",
)


def attempt(attack: str, folder: Path, abi: int, devices: tuple[str, ...] = ()) -> str:
    for name in ("read", "write", "other"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "file").write_text("precious")
    text = ATTACK.format(project=str(PROJECT), folder=str(folder), abi=abi, attack=attack, devices=devices)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=30)
    return (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("abi", [99, 5, 2, 1])
@pytest.mark.parametrize(
    "attack",
    [
        "open(folder / 'other/file')",
        "os.listdir(folder / 'other')",
        "open(folder / 'read/file', 'w')",
        "open(folder / 'read/new', 'w')",
        "os.truncate(folder / 'read/file', 0)",
        "os.open(folder / 'read/file', os.O_RDONLY | os.O_TRUNC)",
        "os.unlink(folder / 'read/file')",
        "os.rename(folder / 'write/file', folder / 'read/file')",
        "os.link(folder / 'read/file', folder / 'write/linked')",
        "os.chmod(folder / 'read/file', 0o777)",
        "raw(452, -100, bytes(folder / 'read/file'), 0o777, 0)",
        "os.chown(folder / 'read/file', os.getuid(), os.getgid())",
        "os.utime(folder / 'read/file', (0, 0))",
        "os.setxattr(folder / 'read/file', 'user.x', b'y')",
        "os.mkfifo(folder / 'read/fifo')",
        "syscalls.mount('none', folder / 'write', 'tmpfs')",
        "raw(428, -100, b'/', 0)",
        "syscalls.unshare(syscalls.CLONE_NEWUSER)",
        "socket.socket(socket.AF_INET)",
        "socket.socket(socket.AF_UNIX)",
        "os.kill(os.getppid(), 0)",
        "os.kill(-1, 0)",
        f"raw({PTRACE}, 16, os.getppid(), 0, 0)",
        "open(f'/proc/{os.getppid()}/environ', 'rb').read()",
        "os.pidfd_open(os.getppid())",
        "raw(425, 8, ctypes.create_string_buffer(200))",
        f"raw({BPF}, 0, 0, 0)",
    ],
)
def test_what_a_guest_kernel_never_needs_is_refused(attack: str, abi: int, tmp_path: Path) -> None:
    assert attempt(attack, tmp_path, abi) in REFUSED
    assert (tmp_path / "read" / "file").read_text() == "precious"


@pytest.mark.parametrize(
    "allowed",
    [
        "open(folder / 'read/file').read()",
        "open(folder / 'write/new', 'x').write('memory')",
        "os.fchmod(os.open(folder / 'write/file', os.O_RDWR), 0o777)",
        "os.kill(os.getpid(), 0)",
        "socket.socketpair()",
        "open('/etc/passwd').read()",
    ],
)
def test_what_it_needs_is_allowed(allowed: str, tmp_path: Path) -> None:
    assert attempt(allowed, tmp_path, 99) == "done"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only there is x32")
def test_calls_through_another_abi_kill_it(tmp_path: Path) -> None:
    text = ATTACK.format(project=str(PROJECT), folder=str(tmp_path), abi=99, attack="raw(0x40000000 + 39)", devices=())
    for name in ("read", "write"):
        (tmp_path / name).mkdir()
    assert subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=30).returncode == -31  # SIGSYS


def test_only_what_everyone_may_read_is_readable_in_a_folder(tmp_path: Path) -> None:
    for name, mode in (("public", 0o644), ("shadow", 0o640)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    for name, mode in (("all", 0o755), ("some", 0o755), ("none", 0o700)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
        (tmp_path / name / "file").chmod(0o644)
        (tmp_path / name).chmod(mode)
    (tmp_path / "some" / "key").write_text("x")
    (tmp_path / "some" / "key").chmod(0o600)
    found = {os.path.relpath(path, tmp_path) for path, _ in world_readable(str(tmp_path))}
    assert found == {".", "public", "all", "some/file"}


def test_of_devices_only_those_named_can_be_opened(tmp_path: Path) -> None:
    attack = "os.close(os.open('/dev/full', os.O_RDWR))"
    assert attempt(attack, tmp_path, 99) in REFUSED
    assert attempt(attack, tmp_path, 99, devices=("/dev/full",)) == "done"


def test_a_process_is_let_into_the_group_of_a_device_but_never_into_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"/dev/a": 104, "/dev/b": 0}
    confinement = Confinement((), (), 64 << 20, 0, uid=1 << 30, devices=tuple(owners))
    status = os.stat

    def owned(path: str, **more: bool) -> os.stat_result:
        return os.stat_result((0o660, 0, 0, 1, 0, owners[path], 0, 0, 0, 0)) if path in owners else status(path, **more)

    monkeypatch.setattr(os, "stat", owned)
    assert list(confinement.cell(1)["groups"]) == [104]


def test_on_a_processor_that_is_not_known_no_guest_starts() -> None:
    with pytest.raises(OSError, match="s390x"):
        deny_list(7, 1, "s390x")
