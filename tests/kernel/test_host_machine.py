"""The host machine, inside a guest: there cgroup v2 is real, root is harmless, and what is left can be counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lablib.machine.guest import GuestMachine
from tests.guests import sh
from tests.projects import put_project

Boot = Callable[..., GuestMachine]

HEAD = """
import sys; sys.path.insert(0, "/root/lab/project")
from pathlib import Path
from lablib.course.model import Task
from lablib.machine.base import Size
from lablib.machine.host import HostMachine
from lablib.scene import set_scene
scenes = Path("/root/lab/project/content/02-cgroups/scenes")
task = Task("cgroups/memory-only", {}, 1, scene=scenes / "memory-only.sh")
solution = (
    "cd /sys/fs/cgroup/test; mkdir leaf child; cat cgroup.procs > leaf/cgroup.procs; "
    "echo +memory > cgroup.subtree_control"
)
"""

CONTROL = "/sys/fs/cgroup/cgroup.subtree_control"
LEFT = """
find /sys/fs/cgroup -mindepth 1 -type d; ls -d /tmp/container-labs* /run/container-labs
ps ax -o ppid,args | grep -v 'ps ax\\|grep\\|/bin/sh -c'; wc -l < /proc/self/mountinfo
readlink /proc/[0-9]*/ns/* | sort -u; xargs -n1 < /sys/fs/cgroup/cgroup.subtree_control | sort
ls -A / /etc /lab /tmp /var/lib /dev /dev/shm | md5sum
"""
"""What a lab could leave behind: cgroups, folders, processes, mounts, namespaces, controllers, files."""


@pytest.fixture
def host(boot: Boot) -> GuestMachine:
    """A guest with the project in it."""
    guest = boot()
    put_project(guest)
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
    print(machine.run(["python3", "-c", solution.read_text()]).status)
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


OPEN = """
import os, signal
machine = HostMachine(); machine.open(); set_scene(machine, task)
warden = machine._warden.pid
agent = int(Path(f"/proc/{warden}/task/{warden}/children").read_text().split()[0])
pids = {"lab": os.getpid(), "agent": agent, "warden": warden}
for victim in sys.argv[1:]: os.kill(pids[victim], signal.SIGKILL)
"""
FINISH = "cd project && python3 labs/__main__.py finish"


@pytest.mark.parametrize("victims", ["lab", "agent", "agent lab"])
def test_a_kill_leaves_nothing(host: GuestMachine, victims: str) -> None:
    before = sh(host, LEFT)
    host.put("/root/lab/try.py", HEAD.encode() + OPEN.encode())
    sh(host, f"python3 try.py {victims}", timeout=60)
    settled = sh(host, "for i in $(seq 100); do [ -e /run/container-labs ] || exit 0; sleep 0.1; done; exit 1")
    assert settled == "status=0"
    sh(host, "rm try.py")
    assert sh(host, f"{FINISH}").splitlines()[:-1] == ["Nothing was left behind."]
    assert sh(host, LEFT) == before


def test_what_a_killed_warden_left_is_taken_by_finish_once_and_by_root_alone(host: GuestMachine) -> None:
    sh(host, f"for name in {' '.join(host.capabilities.controllers)}; do echo -$name > {CONTROL}; done")
    before = sh(host, LEFT)
    host.put("/root/lab/try.py", HEAD.encode() + OPEN.encode())
    sh(host, "chmod 755 /root; python3 try.py warden agent lab; rm try.py", timeout=60)
    journal = sh(host, "ls /run/container-labs/*.journal").split()[0]
    as_student = "cp -r project /tmp; cd /tmp/project; su student -c 'python3 labs/__main__.py finish --all'"
    said = sh(host, f"{as_student}; s=$?; rm -r /tmp/project; exit $s")
    assert journal in said.splitlines()[0], said
    assert said.splitlines()[-1] == "status=0"
    said = sh(host, f"{FINISH} --all", timeout=60)
    for kind in ("folder", "cgroup", "control +memory"):
        assert f"Taken away: {kind} " in said, said
    assert sh(host, f"{FINISH} --all").splitlines() == ["Nothing was left behind.", "status=0"]
    assert sh(host, LEFT) == before


def test_what_a_killed_warden_left_is_taken_by_the_next_start(host: GuestMachine) -> None:
    before = sh(host, LEFT)
    host.put("/root/lab/try.py", HEAD.encode() + OPEN.encode())
    sh(host, "python3 try.py warden agent lab", timeout=60)
    host.put(
        "/root/lab/try.py", HEAD.encode() + b"with HostMachine() as m: print(m.run(['cat', '/proc/self/cgroup']).out)"
    )
    assert sh(host, "python3 try.py", timeout=60).splitlines() == ["b'0::/shell\\n'", "status=0"]
    sh(host, "rm try.py")
    assert sh(host, LEFT) == before


def test_a_lab_that_runs_is_not_touched_by_finish_and_two_do_not_take_each_others_controllers(
    host: GuestMachine,
) -> None:
    before = sh(host, LEFT)
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
from lablib.machine.leftovers import sweep
first, second = HostMachine(), HostMachine()
first.open(); second.open()
print(sweep(everyone=True))
first.close()
print("memory" in second.run(["cat", "/sys/fs/cgroup/cgroup.controllers"]).out.decode())
second.close()
""",
    )
    swept = "Swept(taken=[], refused=[], stayed=[], of_others=[])"
    assert sh(host, "python3 try.py; s=$?; rm try.py; exit $s", timeout=60).splitlines() == [swept, "True", "status=0"]
    assert sh(host, LEFT) == before


def test_what_is_frozen_or_in_namespaces_of_its_own_ends_with_it(host: GuestMachine) -> None:
    before = sh(host, LEFT)
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
with HostMachine() as machine:
    leave = "unshare --mount --cgroup --pid --fork setsid sleep 1h < /dev/null > /dev/null 2>&1 &"
    print(machine.run(["sh", "-c", leave]).status)
    where = "until pgrep -x sleep; do :; done > /dev/null; nsenter -t 1 -C cat /proc/$(pgrep -x sleep)/cgroup"
    print(machine.run(["sh", "-c", where]).out.decode().strip())
    print(machine.run(["sh", "-c", "mkdir /sys/fs/cgroup/t; echo 1 > /sys/fs/cgroup/t/cgroup.freeze"]).status)
""",
    )
    out = sh(host, "python3 try.py; s=$?; rm try.py; exit $s", timeout=60)
    assert out.splitlines() == ["0", "0::/shell", "0", "status=0"]
    assert sh(host, LEFT) == before


def test_nothing_of_this_machines_files_is_changed_by_it(host: GuestMachine) -> None:
    before = sh(host, LEFT)
    host.put(
        "/root/lab/try.py",
        HEAD.encode()
        + b"""
with HostMachine() as machine:
    change = "hostname web; echo x >> /etc/hosts; rm /dev/null /usr/bin/env; mkdir /var/lib/x; touch /lab/x /tmp/x"
    print(machine.run(["sh", "-c", change]).status)
""",
    )
    out = sh(host, "python3 try.py; s=$?; rm try.py; exit $s", timeout=60)
    assert out.splitlines() == ["0", "status=0"]
    assert sh(host, LEFT) == before
    assert sh(host, "hostname; test -c /dev/null; ls /usr/bin/env").split() == ["lab", "/usr/bin/env", "status=0"]


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
    assert sh(host, "python3 try.py student").split() == ["host-no-user-systemd", "status=0"]
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
        "['/root/lab'] False",
        "['/root/lab', 'kept'] False",
        "0o40700 ['kept']",
        "status=0",
    ]


ASKED = """
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.chdir("/tmp/project")
    check = "python3 labs/__main__.py check cgroups/move-sleep"
    os.execvp("su", ["su", "student", "-c", f"{check} --on host --script /tmp/solution"])
os.write(master, sys.argv[1].encode() + b"\\n")
said = b""
try:
    while data := os.read(master, 4096): said += data
except OSError: pass
print(said.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


SOLUTION = b"""#!/bin/sh
mkdir /sys/fs/cgroup/test
pgrep -x sleep > /sys/fs/cgroup/test/cgroup.procs
"""


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 3), ("", 3)])
def test_who_is_not_root_is_asked_for_sudo(host: GuestMachine, answer: str, status: int) -> None:
    sh(host, "cp -r project /tmp/project; sed -i 's/!use_pty/use_pty/' /etc/sudoers")
    host.put("/tmp/solution", SOLUTION, 0o755)
    host.put("/root/lab/try.py", ASKED.encode())
    before = sh(host, LEFT)
    said = sh(host, f"python3 try.py '{answer}'", timeout=60)
    assert "sudo? [y/N]" in said
    assert said.split()[-2:] == [str(status), "status=0"], said
    assert sh(host, LEFT) == before
