"""A guest in QEMU, translated: the same agent and world as in any guest, on the distribution's kernel; and each line of
docs/threat-model.md about it tried as an attack."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

import checkers  # noqa: F401 - registers the checks
from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.grading.script import check_script
from lablib.machine.agent.work import MAX_BYTES
from lablib.machine.qemu import machine as made
from lablib.machine.qemu.calls import AT_FDCWD, Call
from lablib.machine.qemu.initramfs import OPTIONS, Root, calls
from lablib.machine.qemu.machine import CODE, QemuMachine
from lablib.machine.work import GuestWork
from lablib.scene import set_scene
from lablib.verdict import Verdict, overall
from tests.guests import below, booted_in_qemu, new_in_qemu, python, sh

PROJECT = Path(__file__).parents[2]
TASKS = (
    "namespaces/enter-uts",
    "cgroups/memory-only",
    "seccomp/first-filter",
    "overlayfs/live-usb",
    "container/own-root",
)
BPF = """
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
ends = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0), 16)
gpl = ctypes.create_string_buffer(b"GPL")
def bpf(command, attributes):
    attributes = ctypes.create_string_buffer(attributes, 128)
    return libc.syscall({"x86_64": 321, "aarch64": 280}[os.uname().machine], command, attributes, 128) >= 0
def load(kind):
    return bpf(5, struct.pack("<2I2Q", kind, 2, ctypes.addressof(ends), ctypes.addressof(gpl)))
# a map; a socket filter, a tracing program of each kind; the devices of a cgroup; a link by its number, to detach it
made = bpf(0, struct.pack("<4I", 2, 4, 4, 4))
print(made, *map(load, (1, 2, 5, 17, 26, 29)), load(15), bpf(30, struct.pack("<I", 1)))
"""


@pytest.fixture(scope="module")
def guest() -> Iterator[QemuMachine]:
    machine = booted_in_qemu()
    yield machine
    machine.close()


def test_it_has_what_lessons_may_ask_of_a_kernel(guest: QemuMachine) -> None:
    here = guest.capabilities
    assert {"cpuset", "cpu", "memory", "pids", "io"} <= set(here.controllers)
    assert {"psi", "time_namespace", "loop", "squashfs", "root_cgroup"} <= set(here.features)
    out = sh(guest, "cd /sys/fs/cgroup && mkdir p && cat p/memory.pressure p/cpuset.cpus.effective && rmdir p")
    assert "full avg10" in out
    assert out.endswith("0\nstatus=0"), "one processor"
    assert sh(guest, "unshare --user --map-root-user --time --boottime 9999 true") == "status=0"


@pytest.mark.parametrize("name", TASKS)
def test_a_task_of_each_chapter_fails_undone_and_passes_done(
    guest: QemuMachine, tasks: dict[str, Task], name: str
) -> None:
    task = tasks[name]
    set_scene(guest, task, lambda: None)
    assert overall(guest.check(name)) is Verdict.FAIL
    guest.put("/root/lab/solve", task.solutions[0].read_bytes(), 0o755)
    guest.run(["/root/lab/solve"])
    results = guest.check(name)
    assert overall(results) is Verdict.PASS, results


def test_a_script_is_graded_in_a_fresh_one_and_what_was_kept_comes_back(
    guest: QemuMachine, tasks: dict[str, Task], tmp_path: Path
) -> None:
    task, kept = tasks[TASKS[1]], tmp_path / "work.tar"
    guest.put("/root/lab/kept/solution", task.solutions[0].read_bytes(), 0o755)
    assert GuestWork(kept).save(guest._channel(MAX_BYTES))
    report = check_script(task, b"#!/bin/sh\nexec kept/solution\n", lambda: new_in_qemu(work=kept))
    assert (report.verdict, report.machine) == (Verdict.PASS, "qemu"), report


def test_root_in_it_finds_no_way_to_the_machine_it_runs_on(guest: QemuMachine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("secret")
    out = sh(guest, f"cat {tmp_path}/file {PROJECT}/README.md; cat /etc/shadow")
    assert "secret" not in out
    assert out.count("No such file") == 2
    assert "root:*:20000::::::" in out, "the world's own"
    for tag in ("usr", "etc", CODE):
        out = sh(guest, f"mount -t 9p -o {OPTIONS} {tag} /mnt")
        assert "status=32" in out, "the agent has it, and nobody else"


def test_root_in_it_reaches_neither_kernel_nor_line(guest: QemuMachine) -> None:
    out = sh(guest, "mount -t devtmpfs none /mnt; find /mnt -type c -o -type b; umount /mnt")
    assert not {"vport", "mem", "port", "kmsg", "console", "ttyS0"} & {Path(line).name for line in out.splitlines()}
    out = sh(guest, "for r in /sys/devices/pci*/*/resource[0-9]; do head -c 4 $r; done; cat /proc/kcore | head -c 1")
    assert "Operation not permitted" in out
    open_resource = "import glob, mmap, os\nfor path in glob.glob('/sys/devices/pci*/*/resource4'):"
    mapped = python(guest, f"{open_resource}\n    mmap.mmap(os.open(path, os.O_RDWR), 4096)\n    print('mapped')")
    assert "mapped" not in mapped
    assert "Operation not permitted" in mapped, "device registers are closed, and there are some"


def test_nobody_traces_the_agent_by_bpf(guest: QemuMachine) -> None:
    assert python(guest, BPF).split() == ["False"] * 7 + ["True", "False"], "only the devices of a cgroup"


def test_its_process_is_confined(guest: QemuMachine) -> None:
    assert guest._keeper is not None
    (emulator,) = below(guest._keeper.pid)
    status = Path(f"/proc/{emulator}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert "CapEff:\t0000000000000000" in status
    command = Path(f"/proc/{emulator}/cmdline").read_bytes().split(b"\0")
    assert not any(word.startswith((b"-net", b"-drive", b"-hda", b"-monitor", b"-qmp")) for word in command)


def test_whoever_is_its_kernel_writes_to_no_export(guest: QemuMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def attacking(modules: Iterable[bytes], root: Root, command: Sequence[str]) -> Iterator[Call]:
        """The agent's code mounted for writing, and a folder made in it."""
        target = f"/root{root.exports[CODE]}".encode()
        Path(root.exports[CODE]).chmod(0o777)  # so that it is not the mode that refuses
        for place, call in enumerate(calls(modules, root, command), 1):
            if call.name != "mount" or call.arguments[1] != target:
                yield call
                continue
            source, where, kind, _, options = call.arguments
            yield Call("mount", (source, where, kind, 0, options))
            yield Call("mkdirat", (AT_FDCWD, target + b"/made", 0o755))
            written.append(place + 1)

    monkeypatch.setattr(made, "calls", attacking)
    machine = new_in_qemu()
    with pytest.raises(MachineError) as caught, machine:
        pytest.fail("the attack was no call of init's")
    assert f"exitcode=0x{written[0] << 8:08x}" in caught.value.params["console"], "that call, and none before it"


def test_a_folder_that_is_exported_by_mistake_stays_closed(
    guest: QemuMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)  # so that it is Landlock that refuses, not the mode
    usual = made.root_of_this_machine
    monkeypatch.setattr(made, "root_of_this_machine", lambda more: usual(more | {"mistake": str(tmp_path)}))
    machine = new_in_qemu()
    with pytest.raises(MachineError) as caught, machine:
        pytest.fail("it was exported")
    assert "Permission denied" in caught.value.params["console"]


def test_killing_the_lab_leaves_no_emulator_and_no_folder(guest: QemuMachine) -> None:
    program = (
        "from lablib.machine.choose import machine_factory; import time\n"
        "m = machine_factory('qemu')(); m.begin(); print(m.folder, flush=True); time.sleep(100)"
    )
    lab = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE)
    assert lab.stdout is not None
    folder = Path(lab.stdout.readline().decode().strip())
    end = time.monotonic() + 20
    while time.monotonic() < end and len(below(lab.pid)) < 2:
        time.sleep(0.05)
    processes = below(lab.pid)
    assert len(processes) == 2, "the keeper and the emulator"
    lab.send_signal(signal.SIGKILL)
    lab.wait()
    lab.stdout.close()
    while time.monotonic() < end and (folder.exists() or any(Path(f"/proc/{pid}").exists() for pid in processes)):
        time.sleep(0.05)
    assert not folder.exists()
    assert not [pid for pid in processes if Path(f"/proc/{pid}").exists()]
