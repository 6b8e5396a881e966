"""docs/threat-model.md, "The guest kernel is code run as the runner": each line tried as an attack by its root."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lablib.machine.guest import GuestMachine
from tests.guests import below, open_to_all, python, sh

PROJECT = Path(__file__).parents[2]
Boot = Callable[..., GuestMachine]

MOUNT_HOST = "mkdir -p /mnt/h && mount -t hostfs none /mnt/h -o / && "


@pytest.fixture(params=[None, 2, 1], ids=["probed", "abi2", "abi1"], scope="module")
def confined(request: pytest.FixtureRequest) -> Iterator[GuestMachine]:
    """A guest under each Landlock ABI that closes something the one before did not, TRUNCATE masked in two of them."""
    from tests.guests import booted

    machine = booted() if request.param is None else booted(landlock_abi=request.param)
    yield machine
    machine.close()


@pytest.fixture
def bait(confined: GuestMachine) -> Iterator[Path]:
    """A file that only the confinement protects: in a folder the guest may read, and the guest's own by uid."""
    path = confined.folder / "code" / "bait"
    path.write_text("precious")
    owner = confined.folder.stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    path.chmod(0o666)
    yield path
    path.unlink(missing_ok=True)


def test_guest_root_reads_no_file_outside_the_allow_list(confined: GuestMachine, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the course's secret")
    open_to_all(tmp_path)  # so that it is Landlock that refuses
    out = sh(confined, MOUNT_HOST + f"cat /mnt/h{secret}; cat /mnt/h{PROJECT}/README.md; umount /mnt/h")
    assert "secret" not in out.replace(str(secret), "")
    assert out.count("Permission denied") == 2


def test_guest_root_cannot_list_the_runners_folders(confined: GuestMachine) -> None:
    out = sh(confined, MOUNT_HOST + f"ls /mnt/h{PROJECT}; ls /mnt/h/tmp; umount /mnt/h")
    assert out.count("Permission denied") == 2


def test_guest_root_cannot_read_private_files_of_etc(confined: GuestMachine) -> None:
    out = sh(confined, MOUNT_HOST + "cat /mnt/h/etc/shadow; umount /mnt/h")
    assert "Permission denied" in out


def test_guest_root_cannot_look_at_the_runners_processes(confined: GuestMachine) -> None:
    out = sh(confined, MOUNT_HOST + f"cat /mnt/h/proc/{os.getpid()}/cmdline | wc -c; umount /mnt/h")
    assert "Permission denied" in out


def test_hostfs_dot_dot_does_not_break_out(confined: GuestMachine, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("out")
    open_to_all(tmp_path)
    out = sh(confined, f"mkdir -p /mnt/d && mount -t hostfs none /mnt/d -o /usr/../{tmp_path} && cat /mnt/d/secret")
    sh(confined, "umount /mnt/d")
    assert "Permission denied" in out


def test_guest_root_cannot_write_a_file_of_the_runner(confined: GuestMachine, bait: Path) -> None:
    sh(confined, MOUNT_HOST + f"echo gone > /mnt/h{bait}; echo more >> /mnt/h{bait}; rm /mnt/h{bait}; umount /mnt/h")
    assert bait.read_text() == "precious"


def test_guest_root_cannot_truncate_a_file_of_the_runner(confined: GuestMachine, bait: Path) -> None:
    attack = f"""
import os
for attempt in (
    lambda: os.truncate("/mnt/h{bait}", 0),
    lambda: os.open("/mnt/h{bait}", os.O_RDONLY | os.O_TRUNC),
    lambda: os.open("/mnt/h{bait}", os.O_WRONLY | os.O_TRUNC | os.O_CREAT),
):
    try: attempt(); print("done")
    except OSError as error: print(error.strerror)
"""
    sh(confined, MOUNT_HOST + "true")
    out = python(confined, attack)
    sh(confined, "umount /mnt/h")
    assert bait.read_text() == "precious", out


def test_guest_root_cannot_change_metadata_of_the_runners_files(confined: GuestMachine, bait: Path) -> None:
    before = bait.stat()
    sh(
        confined,
        MOUNT_HOST + f"f=/mnt/h{bait}; chmod 777 $f; chown 1:1 $f; touch -d 2001-01-01 $f; "
        "setfattr -n user.x -v y $f; ln $f /mnt/h/tmp/link; umount /mnt/h",
    )
    after = bait.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime_ns, after.st_nlink) == (
        before.st_mode, before.st_uid, before.st_mtime_ns, before.st_nlink,
    )  # fmt: skip
    assert os.listxattr(bait) == []


def test_nothing_can_be_made_in_the_run_folder_once_the_guest_is_up(confined: GuestMachine) -> None:
    before = sorted(str(p) for p in confined.folder.rglob("*"))
    out = sh(
        confined,
        MOUNT_HOST + f"cd /mnt/h{confined.folder} && touch a code/b; mkdir c; mknod p p; cd /; umount /mnt/h",
    )
    assert sorted(str(p) for p in confined.folder.rglob("*")) == before, out


def test_the_kernel_process_has_no_new_privileges_its_own_session_and_limits(shared_guest: GuestMachine) -> None:
    for pid in _processes_of(shared_guest):
        status = Path(f"/proc/{pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        assert "CapEff:\t0000000000000000" in status
        assert os.getsid(pid) != os.getsid(0)
        limits = Path(f"/proc/{pid}/limits").read_text()
        for name in ("Max core file size", "Max file size", "Max address space"):
            line = next(line for line in limits.splitlines() if line.startswith(name))
            assert "unlimited" not in line
        if os.geteuid() == 0:
            assert f"Uid:\t{shared_guest.folder.stat().st_uid}\t" in status
            assert shared_guest.folder.stat().st_uid != 0


def test_killing_the_lab_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    program = (
        "from lablib.machine.choose import machine_factory; import sys, time\n"
        "m = machine_factory('guest')(); m.open(); print(m.folder, flush=True); time.sleep(100)"
    )
    lab = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE)
    assert lab.stdout is not None
    folder = Path(lab.stdout.readline().decode().strip())
    if not folder.name:
        pytest.skip("no guest here")
    processes = below(lab.pid)
    assert len(processes) > 1, "the keeper and the guest's kernel at least"
    lab.send_signal(signal.SIGKILL)
    lab.wait()
    lab.stdout.close()
    end = time.monotonic() + 10
    while time.monotonic() < end and (folder.exists() or _alive(processes)):
        time.sleep(0.05)
    assert not folder.exists()
    assert _alive(processes) == []


def test_closing_leaves_no_process_and_no_folder(boot: Boot) -> None:
    machine = boot()
    folder = machine.folder
    processes = _processes_of(machine)
    assert processes
    machine.close()
    assert not folder.exists()
    assert _alive(processes) == []
    assert not list(Path("/dev/shm").glob(f"container-labs-*/{folder.name}"))


def test_a_guest_that_floods_its_console_costs_no_memory_and_no_disk(shared_guest: GuestMachine) -> None:
    sh(shared_guest, "echo 8 > /proc/sys/kernel/printk; for i in $(seq 300); do echo $i-$(seq 200) > /dev/kmsg; done")
    console = shared_guest._console
    assert len(console._tail) <= 8192
    sh(shared_guest, "echo 1 > /proc/sys/kernel/printk")


def test_without_landlock_a_guest_is_for_practice_with_a_warning(boot: Boot) -> None:
    assert boot(landlock_abi=0).capabilities.warnings == ("unconfined",)


def test_without_landlock_the_same_attacks_succeed(boot: Boot, tmp_path: Path) -> None:
    """What the tests above prove is the confinement, not the attacks' own failure."""
    guest = boot(landlock_abi=0)
    secret = tmp_path / "secret"
    secret.write_text("the course's secret")
    open_to_all(tmp_path)
    precious = guest.folder / "code" / "bait"
    precious.write_text("precious")
    os.chown(precious, guest.folder.stat().st_uid, -1)
    out = sh(guest, MOUNT_HOST + f"cat /mnt/h{secret}; echo gone > /mnt/h{precious}")
    assert "the course's secret" in out
    assert "gone" in precious.read_text()


def _processes_of(machine: GuestMachine) -> list[int]:
    """The guest kernel's processes: all below the keeper, which is ours and trusted."""
    assert machine._keeper is not None
    return below(machine._keeper.pid)


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
