"""In an unprivileged container a guest works as everywhere, and doctor tells the truth about the rest."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
GUEST = """
from lablib.grading.script import check_script
from lablib.machine.choose import guest_factory
from labs import course
import checkers
solution = open("content/02-cgroups/solutions/move-sleep/shell.sh", "rb").read()
print(check_script(course.task("cgroups/move-sleep"), solution, guest_factory()).verdict)
"""


def _can() -> bool:
    probe = [sys.executable, "-m", "tests.contained", "true"]
    return os.geteuid() == 0 and platform.machine() == "x86_64" and _run(probe).returncode == 0


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)


def contained(*command: str) -> subprocess.CompletedProcess[str]:
    return _run([sys.executable, "-m", "tests.contained", *command])


pytestmark = [
    pytest.mark.usefixtures("guests_boot"),
    pytest.mark.skipif(not _can(), reason="only root, on x86-64, can make such a container here"),
]


LOOK = """
grep -E '^(CapInh|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\t'
ls /dev | xargs; cat /proc/kcore /proc/keys | wc -c; ls /sys/firmware | wc -l; stat -fc %T /
for file in /proc/sys/kernel/hostname /sys/kernel/mm/ksm/run; do echo x > $file; done
mkdir /sys/fs/cgroup/x; mount -t tmpfs none /mnt; unshare --user true; setarch -R true
"""
CAPABILITIES = "00000000a80425fb"
"""What /proc/1/status says in a container of docker's."""


def test_the_container_is_what_docker_makes_of_one() -> None:
    done = contained("sh", "-c", LOOK)
    assert done.stdout.splitlines() == [
        *("CapInh:0000000000000000", f"CapEff:{CAPABILITIES}", f"CapBnd:{CAPABILITIES}", "NoNewPrivs:0", "Seccomp:2"),
        "fd full mqueue null ptmx pts random shm tty urandom zero",
        *("0", "0", "overlayfs"),
    ]
    assert done.stderr.count("Read-only file system") == 3, done.stderr
    assert done.stderr.count("denied") + done.stderr.count("not permitted") == 3, done.stderr


def test_a_task_is_graded_in_a_guest() -> None:
    done = contained(sys.executable, "-c", GUEST)
    assert done.stdout == "pass\n", done.stderr


def test_doctor_says_that_labs_run_and_what_a_container_lacks() -> None:
    done = contained(sys.executable, "labs/__main__.py", "doctor", "--json")
    assert done.returncode == 0, done.stderr
    found = {finding["id"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert [found[name]["state"] for name in ("kernel", "room", "seccomp", "landlock", "ptrace")] == ["ok"] * 5
    assert "/dev/shm" not in found["room"]["text"], "it is small, and nothing in it may be executed"
    assert [found[name]["state"] for name in ("userns", "overlay")] == ["note", "note"]
    assert "EPERM" in found["userns"]["text"]


def test_a_lab_on_the_machine_itself_says_why_not_and_leaves_nothing() -> None:
    done = contained(sys.executable, "labs/__main__.py", "run", "cgroups", "--on", "host", "--lang", "en")
    assert done.returncode == 3
    assert "Use the guest (`--on guest`)" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(contained(sys.executable, "labs/__main__.py", "finish", "--json").stdout)["stayed"] == []
