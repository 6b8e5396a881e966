"""Parameters on their way into a guest: by the wire to the checks, by the environment to what is ours, and to a student
not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.grading.script import check_script
from lablib.machine.guest import GuestMachine
from lablib.scene import run_scene
from lablib.verdict import Verdict
from tests.guests import new_guest, sh

TASK = "cgroups/out-of-memory"
pytestmark = pytest.mark.kernel


@pytest.mark.parametrize(
    "parameters",
    [
        {"small": "$(reboot)"},
        {"small": "a/b"},
        {"small": ""},
        {"small": "x" * 65},
        {"Small": "small"},
        {"small": 3},
        {f"p{number}": "x" for number in range(17)},
    ],
    ids=str,
)
def test_an_agent_takes_no_parameters_that_there_cannot_be(
    shared_guest: GuestMachine, parameters: dict[str, str]
) -> None:
    with pytest.raises(MachineError):
        shared_guest.remember(TASK, parameters)


def test_checks_judge_by_what_they_were_told_last_and_by_nothing_else(shared_guest: GuestMachine) -> None:
    for name in ("small", "small-cn8p"):
        shared_guest.remember(TASK, {"small": name})
        first, *_ = shared_guest.check(TASK)
        assert (first.verdict, first.expected) == (Verdict.FAIL, f"/sys/fs/cgroup/{name}")
        assert first.params["small"] == name


def test_without_parameters_a_task_that_has_them_is_nobodys_failure(shared_guest: GuestMachine) -> None:
    shared_guest.remember("cgroups/fork-bomb", {})
    assert {result.verdict for result in shared_guest.check("cgroups/fork-bomb")} == {Verdict.ERROR}


def test_a_scene_has_them_as_variables(shared_guest: GuestMachine, tmp_path: Path) -> None:
    scene = tmp_path / "scene.sh"
    scene.write_text('echo "${small:-nobody}" > /tmp/told\n')
    run_scene(shared_guest, scene, "here", {"small": "small-cn8p"})
    assert sh(shared_guest, "cat /tmp/told") == "small-cn8p\nstatus=0"
    run_scene(shared_guest, scene, "here")
    assert sh(shared_guest, "cat /tmp/told") == "nobody\nstatus=0"


def test_a_script_is_told_nothing(tasks: dict[str, Task]) -> None:
    """What a student's script could learn of its values, a copied one could use."""
    task = replace(tasks[TASK], parameters={"small": "small-cn8p"})
    script = b"""#!/bin/sh
env; set; tr '\\0' '\\n' < /proc/1/environ; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ
grep -rs small- /root /tmp /lab /run /var /etc/hostname
"""
    report = check_script(task, script, new_guest)
    assert report.verdict is Verdict.FAIL and "small-" not in report.transcript.replace("grep -rs small- /root", "")
