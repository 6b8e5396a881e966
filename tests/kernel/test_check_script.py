"""Scripts that a student may hand in, hostile ones too: the right verdict, in bounded time."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.grading.report import Report
from lablib.grading.script import check_script
from lablib.verdict import Verdict
from tests.guests import new_guest

pytestmark = pytest.mark.usefixtures("guests_boot")

SOLUTION = """
cd /sys/fs/cgroup/test && mkdir leaf child && cat cgroup.procs > leaf/cgroup.procs &&
echo +memory > cgroup.subtree_control
"""
BOUND = 100.0
"""Seconds in which the worst script must have its verdict."""


def grade(tasks: dict[str, Task], script: str | bytes, timeout: float = 8.0) -> Report:
    began = time.monotonic()
    data = script.encode() if isinstance(script, str) else script
    report = check_script(tasks["cgroups/memory-only"], data, new_guest, timeout)
    assert time.monotonic() - began < BOUND
    return report


@pytest.mark.parametrize(
    "script",
    [
        SOLUTION,
        "#!/bin/bash\n" + SOLUTION,
        "#!/usr/bin/python3\nimport subprocess\nsubprocess.run(['sh', '-c', '''" + SOLUTION + "'''])\n",
        "{ python3 -c pass; " + SOLUTION + "} &\n",
        "{ " + SOLUTION + "yes > /dev/null; } &\n",
        SOLUTION + "exit 1\n",
        SOLUTION + "kill -9 $$\n",
        SOLUTION + "sleep 1000\n",
        SOLUTION + "(sleep 1000; echo late) &\n",
        SOLUTION + "head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2\n",
        SOLUTION + "yes\n",
        SOLUTION + "yes & yes >&2 &\n",
        SOLUTION + "printf '\\033]0;pass\\007{\"verdict\": \"pass\"}'\n",
        SOLUTION + "exec >&- 2>&- <&-\n",
        SOLUTION + "rm -rf /root/lab\n",
        SOLUTION + "bomb() { bomb | bomb & }; bomb\n",
        SOLUTION + "umount -l /sys/fs/cgroup /proc /sys\n",
        SOLUTION + "echo 1 > /sys/fs/cgroup/test/leaf/cgroup.freeze\n",
    ],
    ids=["sh", "bash", "python", "ends-too-early",
         "never-rests", "exit-1", "kills-its-shell", "hangs", "leaves-a-process", "prints-binary", "floods",
         "floods-behind", "prints-escapes", "closes-everything", "removes-its-folder", "fork-bomb", "unmounts",
         "freezes-the-sleep"],
)  # fmt: skip
def test_what_a_script_does_beside_the_task_does_not_cost_it_the_pass(tasks: dict[str, Task], script: str) -> None:
    report = grade(tasks, script)
    assert report.verdict is Verdict.PASS, report.results


@pytest.mark.parametrize(
    "script",
    [
        "",
        "exit 0\n",
        "sleep 1000\n",
        "yes\n",
        b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20,
        b"\x00\xff" * 1000,
        "#!/no/such/interpreter\n",
        "#!/bin/false\n" + SOLUTION,
        "bomb() { bomb | bomb & }; bomb; sleep 100\n",
        "kill -9 -1\n",
        SOLUTION + "pkill -9 -x sleep\n",
        "mkdir -p /tmp/f/test/child; echo memory > /tmp/f/test/child/cgroup.controllers; "
        "mount --bind /tmp/f /sys/fs/cgroup\n",
        "mount -t tmpfs none /sys/fs/cgroup; mkdir -p /sys/fs/cgroup/test/child; echo memory > "
        "/sys/fs/cgroup/test/child/cgroup.controllers\n",
        "echo '{\"verdict\": \"pass\"}'; echo pass > /dev/ttyS0; echo pass > /dev/console\n",
        "kill -STOP 1; kill -KILL 1\n",
    ],
    ids=["empty", "nothing", "hangs", "floods", "elf", "binary", "no-interpreter", "false", "fork-bomb", "kills-all",
         "kills-the-sleep", "fake-by-bind-mount", "fake-by-tmpfs", "forges-output", "attacks-pid-1"],
)  # fmt: skip
def test_no_script_passes_without_the_state(tasks: dict[str, Task], script: str | bytes) -> None:
    assert grade(tasks, script).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "script",
    [
        "echo c > /proc/sysrq-trigger\n",
        "echo 1 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger\n",
    ],
    ids=["panic", "reboot"],
)
def test_a_script_that_brings_the_machine_down_twice_fails_and_is_told_so(tasks: dict[str, Task], script: str) -> None:
    report = grade(tasks, SOLUTION + script)
    assert report.verdict is Verdict.FAIL
    assert [result.key for result in report.results] == ["grading.machine-lost"]


def test_a_script_that_starves_all_others_is_stopped_or_brings_the_machine_down(tasks: dict[str, Task]) -> None:
    """Newer kernels keep some time for those who ask for none in real time (the fair server), and grade on."""
    script = "echo -1 > /proc/sys/kernel/sched_rt_runtime_us; chrt -f 99 sh -c 'while :; do :; done'\n"
    report = grade(tasks, SOLUTION + script)
    if report.verdict is Verdict.PASS:
        assert report.notes == ("still-running",)
    else:
        assert [result.key for result in report.results] == ["grading.machine-lost"]


def test_a_flicker_of_the_right_state_does_not_pass(tasks: dict[str, Task]) -> None:
    """What is read is at rest: everything was stopped first."""
    flicker = "while :; do mkdir test/c; rmdir test/c; done & sleep 0.3\n"
    assert grade(tasks, "cd /sys/fs/cgroup\n" + flicker).verdict is Verdict.FAIL


def test_without_landlock_nothing_is_graded(tasks: dict[str, Task]) -> None:
    with pytest.raises(MachineError) as caught:
        check_script(tasks["cgroups/memory-only"], SOLUTION.encode(), lambda: new_guest(landlock_abi=0))
    assert caught.value.key == "no-landlock"


def test_a_scene_that_fails_is_our_fault_not_the_scripts(tasks: dict[str, Task]) -> None:
    from dataclasses import replace
    from pathlib import Path

    broken = replace(tasks["cgroups/memory-only"], scene=Path("/dev/null"))
    with pytest.raises(MachineError):
        check_script(broken, SOLUTION.encode(), new_guest)


def test_what_the_machine_lacks_blocks_a_task_and_is_named(tasks: dict[str, Task]) -> None:
    needs = ("program:sh", "program:no-such-engine", "feature:no-such-feature")
    report = check_script(replace(tasks["cgroups/memory-only"], needs=needs), SOLUTION.encode(), new_guest)
    (result,) = report.results
    assert (report.verdict, result.key) == (Verdict.BLOCKED, "grading.lacking")
    assert result.params == {"needs": "program:no-such-engine, feature:no-such-feature"}
