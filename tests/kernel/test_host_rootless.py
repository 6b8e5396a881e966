"""The host machine without root: in a user namespace, in a scope of the user's own systemd."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.course.parser import load_course
from lablib.machine.guest import GuestMachine
from tests.faults import judge
from tests.kernel.test_host_chapters import LACKING, TRY_TASKS
from tests.rootless import as_student, logged_in
from tests.systemd import LEFT, inside

COUNT = int(os.environ.get("LABS_FAULTS", "5"))
CHAPTERS = [chapter.id for chapter in load_course(Path(__file__).parents[2] / "content").chapters]
LABS = "python3 labs/__main__.py"
TRY = """
import os, signal, sys
sys.path.insert(0, "/tmp/project")
from pathlib import Path
from lablib.machine.host import HostMachine
from lablib.needs import lacking
def kill_all(machine):
    warden = machine._warden.pid
    agent = int(Path(f"/proc/{warden}/task/{warden}/children").read_text().split()[0])
    for pid in (warden, agent, os.getpid()): os.kill(pid, signal.SIGKILL)
def run(*commands):
    for command in commands:
        done = machine.run(["sh", "-c", command])
        print((done.out + done.err).decode().strip(), done.status, flush=True)
"""

RUNNING = """
with HostMachine() as machine:
    Path(f"/tmp/at-work-{sys.argv[1]}").touch()
    while not os.path.exists("/tmp/go-on"): machine.run(["sleep", "0.1"])
    run("echo still here")
"""


@pytest.fixture(scope="module")
def host(guests_boot: None) -> Iterator[GuestMachine]:
    with logged_in() as guest:
        yield guest


def tried(host: GuestMachine, text: str) -> list[str]:
    host.put("/tmp/project/try.py", (TRY + text).encode(), 0o644)
    return as_student(host, "python3 try.py").splitlines()


def test_it_has_root_other_users_cgroups_and_a_network_of_its_own(host: GuestMachine) -> None:
    before = inside(host, LEFT)
    said = tried(
        host,
        """
with HostMachine() as machine:
    print(*machine.capabilities.controllers)
    run("id -u; id -G; cat /proc/self/cgroup; ls -d /sys/fs/cgroup/*/", "su student -c 'id -u'",
        "mkdir /sys/fs/cgroup/a && echo 16M > /sys/fs/cgroup/a/memory.max && rmdir /sys/fs/cgroup/a",
        "echo x >> /etc/hosts && touch /usr/x && mount -t tmpfs none /mnt && hostname web && ip link set lo down",
        "echo x > /dev/null && ! head -c1 /dev/loop0", "ps ax -o pid= | head -n 1 | tr -d ' '")
""",
    )
    assert said[0] == "cpu memory pids"
    assert said[1:] == [
        *("0", "0", "0::/shell", "/sys/fs/cgroup/shell/ 0"),
        "1000 0",
        " 0",
        " 0",
        "head: cannot open '/dev/loop0' for reading: No such file or directory 0",
        "1 0",
        "status=0",
    ]
    assert inside(host, LEFT) == before
    assert inside(host, "hostname; grep -c x$ /etc/hosts; ls /usr/x; ip -o link show lo up | wc -l").split()[0] == "lab"


def test_one_whom_the_oom_killer_prefers_finds_nothing_strange_on_the_terminal(host: GuestMachine) -> None:
    """Below what root gave a process it may not go: a desktop's have 200."""
    text = """
with HostMachine() as machine:
    from lablib.machine.base import Size
    shell = machine.shell(Size(80, 24), ["cat", "/proc/self/oom_score_adj"])
    while data := shell.read(): sys.stdout.write(data.decode())
"""
    host.put("/tmp/project/try.py", (TRY + text).encode(), 0o644)
    said = inside(host, "choom -n 200 -- su - student -s /bin/sh -c 'python3 /tmp/project/try.py'")
    assert said.split() == ["200", "status=0"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_steps_of_a_chapter_behave_or_say_what_is_lacking(host: GuestMachine, chapter: str) -> None:
    before = inside(host, LEFT)
    said = as_student(host, f"{LABS} run {chapter} --on host --json 2> /dev/null", timeout=300)
    steps = json.loads(said.splitlines()[0])["steps"]
    assert {step["id"]: step["problems"] for step in steps if step["state"] == "failed"} == {}
    lacking = {*LACKING, "feature:initial_user_namespace", "feature:loop", "feature:squashfs", "program:sudo"}
    assert {need for step in steps for need in step["lacking"]} <= lacking
    assert sum(step["state"] == "ok" for step in steps) >= 10
    assert inside(host, LEFT) == before


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_tasks_of_a_chapter_can_be_solved_or_say_what_is_lacking(host: GuestMachine, chapter: str) -> None:
    host.put("/tmp/project/try.py", TRY_TASKS.encode(), 0o644)
    found = json.loads(as_student(host, f"python3 try.py {chapter}", timeout=300).splitlines()[0])
    faults = {task: fault for task, fault in found.items() if fault is not None and fault[0] != "is-blocked"}
    assert faults == {}
    assert len(found) > sum(fault is not None for fault in found.values())


def test_who_is_given_no_other_ids_has_a_world_without_another_user(host: GuestMachine) -> None:
    inside(host, "mv /etc/subuid /etc/subuid.kept")
    try:
        said = tried(
            host,
            """
with HostMachine() as machine:
    print(lacking(machine, ["user:student", "user:root"]))
    run("cat /proc/self/uid_map | xargs; echo x >> /etc/passwd; tty < /dev/tty; ls -d /root/lab")
""",
        )
    finally:
        inside(host, "mv /etc/subuid.kept /etc/subuid")
    assert said[0] == "('user:student',)"
    assert said[1] == "0 1000 1"
    assert said[-2:] == ["/root/lab 0", "status=0"] or "/root/lab" in said[-3]


def test_its_work_folder_stays_and_is_the_users(host: GuestMachine) -> None:
    said = tried(
        host,
        """
work = Path.home() / "work"
for number in range(2):
    with HostMachine(work=work) as machine: run("ls; echo x > kept; cd / && readlink -f ~/lab")
print(os.stat(work / "kept").st_uid)
""",
    )
    assert said == ["/root/lab 0", "kept", "/root/lab 0", "1000", "status=0"]


def test_it_is_chosen_by_itself_and_said(host: GuestMachine) -> None:
    solution = "content/02-cgroups/solutions/move-sleep/shell.sh"
    said = as_student(host, f"{LABS} check cgroups/move-sleep --on host --script {solution} --lang en")
    assert said.splitlines()[0].startswith("labs: Without root: this lab is in a user namespace")
    assert said.endswith("status=0")


def test_where_it_cannot_be_it_says_why_and_doctor_mends_it(host: GuestMachine) -> None:
    asked = f"{LABS} run cgroups --on host --lang en; {LABS} doctor --json --lang en"
    inside(host, "sysctl -qw user.max_user_namespaces=0")
    said = as_student(host, asked)
    assert "needs root, or a user namespace, which this machine refuses you" in said
    found = {one["id"]: one for one in json.loads(said.splitlines()[-2])["findings"]}
    assert found["userns"]["fix"] == ["sysctl -w user.max_user_namespaces=15000"]
    inside(host, "sysctl -qw user.max_user_namespaces=15000")
    controllers = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers"
    inside(host, f"echo pids > /tmp/pids; mount --bind /tmp/pids {controllers}")  # as in a systemd that gives no more
    said = as_student(host, asked)
    assert "which your own systemd (user@1000.service) was not given" in said
    found = {one["id"]: one for one in json.loads(said.splitlines()[-2])["findings"]}
    assert "only pids" in found["delegation"]["text"]
    assert found["delegation"]["chapters"] == CHAPTERS
    shown = "systemctl show --property DelegateControllers user@1000.service"
    mended = inside(host, f"umount {controllers}; {'; '.join(found['delegation']['fix'])}; {shown}")
    assert set(mended.partition("=")[2].split()) >= {"cpu", "cpuset", "io", "memory", "pids"}, mended
    said = as_student(host, f"{LABS} doctor --json --lang en")
    found = {one["id"]: one for one in json.loads(said.splitlines()[0])["findings"]}
    assert found["delegation"]["state"] == "ok"
    assert "memory" in found["delegation"]["text"]


@pytest.mark.parametrize("who", ["the user", "root"])
def test_what_a_killed_warden_left_is_taken_with_what_its_other_ids_own(host: GuestMachine, who: str) -> None:
    before = inside(host, LEFT)
    tried(
        host,
        """
machine = HostMachine()
machine.open()
run("mkdir /sys/fs/cgroup/s; chown student /sys/fs/cgroup/s; su student -c 'mkdir -p /sys/fs/cgroup/s/t/u'",
    "setsid su student -c 'sleep 1h' > /dev/null 2>&1 < /dev/null &")
kill_all(machine)
""",
    )
    assert "/s/t/u" in inside(host, "find /sys/fs/cgroup -path '*container-labs*'")
    said = as_student(host, f"{LABS} finish") if who == "the user" else inside(host, f"{LABS} finish --all")
    assert "Taken away: cgroup " in said, said
    assert inside(host, LEFT) == before


def test_finish_of_anybody_at_any_time_harms_no_lesson_that_runs(host: GuestMachine) -> None:
    before = inside(host, LEFT)
    host.put("/tmp/project/try.py", (TRY + RUNNING).encode(), 0o644)
    said = inside(
        host,
        f"""
hold() {{ rm -f /tmp/at-work-$1; python3 /tmp/project/try.py $1 & }}
hold root > /tmp/root.said
su - student -s /bin/sh -c 'cd /tmp/project; python3 try.py student' > /tmp/student.said &
until [ -e /tmp/at-work-root ] && [ -e /tmp/at-work-student ]; do sleep 0.1; done
for who in root root student nobody; do
    HOME=$(eval echo ~$who) setpriv --reuid=$who --regid=$(id -g $who) --init-groups \\
        sh -c 'cd /tmp/project; LC_ALL=C.UTF-8 {LABS} finish --all --json' > $(mktemp /tmp/finish-XXXX) &
    finishers="$finishers $!"
done
wait $finishers; cat /tmp/finish-*; touch /tmp/go-on; wait; cat /tmp/root.said /tmp/student.said; rm /tmp/go-on
""",
        timeout=120,
    )
    finished = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert finished and all(one["removed"] == one["refused"] == one["stayed"] == [] for one in finished), said
    assert said.splitlines()[-3:] == ["still here 0", "still here 0", "status=0"], said
    assert inside(host, LEFT) == before


def test_two_that_finish_at_once_take_each_thing_once(host: GuestMachine) -> None:
    before = inside(host, LEFT)
    tried(host, "machine = HostMachine()\nmachine.open()\nkill_all(machine)\n")
    finish = f"{LABS} finish --all --json"
    both = "".join(f"({finish}; echo $?) > /tmp/{name} & " for name in ("first", "second"))
    said = inside(host, f"{both} wait; cat /tmp/first /tmp/second")
    first, one, second, two = said.removesuffix("status=0").splitlines()
    taken = [*json.loads(first)["removed"], *json.loads(second)["removed"]]
    assert one == two == "0", said
    assert len(taken) == len(set(taken)) and any(thing.startswith("folder ") for thing in taken), taken
    assert inside(host, LEFT) == before


def test_a_journal_of_a_users_is_cleared_by_root_with_that_users_rights_alone(host: GuestMachine) -> None:
    """A user writes there that root's things are theirs."""
    inside(host, "mkdir /sys/fs/cgroup/container-labs-of-root; setsid sleep 1h > /dev/null 2>&1 < /dev/null &")
    sleep = inside(host, "set -- $(pgrep -x sleep); cut -d' ' -f1,22 /proc/$1/stat").split("status")[0].strip()
    as_student(
        host,
        "mkdir -p -m 755 /run/user/1000/container-labs; printf 'container-labs 1\\nprocess "
        f"{sleep}\\ncgroup /sys/fs/cgroup/container-labs-of-root\\nfolder /run/user/1000/container-labs/x\\n'"
        " > /run/user/1000/container-labs/x.journal",
    )
    inside(host, f"{LABS} finish --all")
    left = inside(host, "ls -d /sys/fs/cgroup/container-labs-of-root; pgrep -xc sleep; pkill -x sleep").split()
    assert left[:2] == ["/sys/fs/cgroup/container-labs-of-root", "1"]
    inside(host, "rmdir /sys/fs/cgroup/container-labs-of-root; rm -r /run/user/1000/container-labs")


def test_one_that_is_struck_leaves_nothing(host: GuestMachine) -> None:
    before = inside(host, LEFT)
    said = as_student(host, f"python3 -m tests.faults host {COUNT}", timeout=60 + 20 * COUNT)
    assert said.endswith("status=0"), said[-2000:]
    judge(said.splitlines()[-2], "host without root", COUNT)
    assert inside(host, LEFT) == before
