"""The host machine, inside a guest: there cgroup v2 is real, root is harmless, and what is left can be counted."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib.machine.guest import GuestMachine
from tests.guests import sh

PROJECT = Path(__file__).parents[2]
Boot = Callable[..., GuestMachine]

HEAD = """
import sys; sys.path.insert(0, "/root/lab/project")
from pathlib import Path
from lablib.course.model import Task
from lablib.machine.base import Size
from lablib.machine.host import HostMachine, sweep_cgroups
from lablib.scene import set_scene
scenes = Path("/root/lab/project/content/02-cgroups/scenes")
task = Task("cgroups/memory-only", {}, 1, scene=scenes / "memory-only.sh")
solution = (
    "cd /sys/fs/cgroup/test; mkdir leaf child; cat cgroup.procs > leaf/cgroup.procs; "
    "echo +memory > cgroup.subtree_control"
)
"""

LEFT = """
find /sys/fs/cgroup -mindepth 1 -type d; ls -d /tmp/container-labs*; ps ax -o args | grep '[s]leep'
xargs -n1 < /sys/fs/cgroup/cgroup.subtree_control | sort
"""


@pytest.fixture
def host(boot: Boot) -> GuestMachine:
    """A guest with the project in it."""
    guest = boot()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for part in ("lablib", "checkers", "content"):
            archive.add(PROJECT / part, f"project/{part}", filter=lambda i: None if "__pycache__" in i.name else i)
    guest.put("/root/lab/project.tar.gz", buffer.getvalue())
    assert sh(guest, "tar xzf project.tar.gz") == "status=0"
    return guest


def test_a_task_is_solved_on_it_and_nothing_is_left_behind(host: GuestMachine) -> None:
    before = sh(host, LEFT)
    controllers = sorted(host.capabilities.controllers)
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
with HostMachine() as machine:
    print(machine.capabilities.kind, sorted(machine.capabilities.controllers))
    set_scene(machine, task)
    print([str(r.verdict) for r in machine.check(task.id)])
    print(machine.run(["sh", "-c", solution]).status, machine.stop_processes())
    print([str(r.verdict) for r in machine.check(task.id)])
""",
    )
    assert sh(host, "python3 try.py", timeout=60).splitlines() == [
        f"host {controllers}",
        "['pass', 'fail']",
        "0 True",
        "['pass', 'pass']",
        "status=0",
    ]
    assert sh(host, LEFT) == before


def test_answers_are_read_from_its_own_work_folder(host: GuestMachine) -> None:
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
task = Task("cgroups/traced", {}, 1, scene=scenes / "traced.sh")
solution = scenes.parent / "solutions/traced/from-the-traces.py"
with HostMachine() as machine:
    set_scene(machine, task)
    print({r.params["path"] == f"{machine.capabilities.work_folder}/traced" for r in machine.check(task.id)})
    print(machine.run(["python3", str(solution)]).status)
    print([str(r.verdict) for r in machine.check(task.id)])
""",
    )
    out = sh(host, "python3 try.py", timeout=60).splitlines()
    assert out == ["{True}", "0", "['pass', 'pass', 'pass', 'pass']", "status=0"]


def test_its_shell_is_on_a_terminal_and_sees_the_labs_cgroups_as_the_root(host: GuestMachine) -> None:
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
with HostMachine() as machine:
    shell = machine.shell(Size(80, 24), ["/bin/sh", "-c", "tty; cat /proc/self/cgroup; ls -d /sys/fs/cgroup/*/"])
    while data := shell.read(): sys.stdout.write(data.decode())
""",
    )
    out = sh(host, "python3 try.py", timeout=60).split()
    assert out[0].startswith("/dev/pts/")
    assert out[1:] == ["0::/shell", "/sys/fs/cgroup/shell/", "status=0"]


@pytest.mark.parametrize("victim", ["lab", "agent"])
def test_a_kill_leaves_nothing_that_finish_does_not_take(host: GuestMachine, victim: str) -> None:
    before = sh(host, LEFT)
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
import os, signal
machine = HostMachine(); machine.open(); set_scene(machine, task)
os.kill(machine._agent.pid if sys.argv[1] == "agent" else os.getpid(), signal.SIGKILL)
""",
    )
    sh(host, f"python3 try.py {victim}", timeout=60)
    host.put("/root/lab/finish.py", HEAD.encode() + b"from lablib.machine.leftovers import sweep\nprint(sweep())\n")
    sh(host, "sleep 2; python3 finish.py", timeout=60)
    assert sh(host, LEFT) == before


def test_where_it_cannot_be_it_says_why(host: GuestMachine) -> None:
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
from lablib.errors import MachineError
import os, subprocess
if sys.argv[1] == "v1": subprocess.run(["umount", "-l", "/sys/fs/cgroup"], check=True)
if sys.argv[1] == "student": os.setuid(1000)
try: HostMachine().open()
except MachineError as error: print(error.key)
""",
    )
    sh(host, "chmod 755 /root")
    assert sh(host, "python3 try.py student").split() == ["host-needs-root", "status=0"]
    assert sh(host, "unshare -m python3 try.py v1").split() == ["host-no-cgroup2", "status=0"]


def test_its_work_folder_stays_where_one_is_given(host: GuestMachine) -> None:
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
work = Path("/tmp/work")
for number in range(2):
    with HostMachine(work=work) as machine:
        print(machine.run(["sh", "-c", "pwd; ls; echo x > kept"]).out.decode().split(), machine.save_work())
print(oct(work.stat().st_mode), [path.name for path in work.iterdir()])
""",
    )
    assert sh(host, "python3 try.py", timeout=60).splitlines() == [
        "['/tmp/work'] False",
        "['/tmp/work', 'kept'] False",
        "0o40700 ['kept']",
        "status=0",
    ]
