"""Every chapter on the host machine, inside a guest: what works behaves as declared, what cannot says what is lacking,
and nothing is left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.course.parser import load_course
from lablib.machine.guest import GuestMachine
from tests.guests import new_guest, sh
from tests.kernel.test_host_machine import LEFT
from tests.projects import put_project

CHAPTERS = [chapter.id for chapter in load_course(Path(__file__).parents[2] / "content").chapters]
LACKING = {"systemd", "feature:root_cgroup", "feature:systemd_bus"}
"""What a host without systemd cannot offer."""
TRY_TASKS = """
import json, sys
sys.path.insert(0, ".")
from pathlib import Path
import checkers
from lablib.course.parser import load_course
from lablib.grading.proof import Kind, attempt, cases, judge
from lablib.machine.host import HostMachine
chapter = next(one for one in load_course(Path("content")).chapters if one.id == sys.argv[1])
found = {}
for task in chapter.tasks:
    solution = next(case for case in cases(task) if case.kind is Kind.SOLUTION)
    fault = judge(solution, attempt(solution, HostMachine).results)
    found[task.id] = None if fault is None else [fault.key, dict(fault.params)]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def host(guests_boot: None) -> Iterator[GuestMachine]:
    with new_guest(memory=1 << 30) as guest:
        put_project(guest)
        yield guest


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_its_steps_behave_or_say_what_is_lacking(host: GuestMachine, chapter: str) -> None:
    before = sh(host, LEFT)
    said = sh(host, f"cd project && python3 labs/__main__.py run {chapter} --on host --json", timeout=300)
    steps = json.loads(said.splitlines()[0])["steps"]
    assert {step["id"]: step["problems"] for step in steps if step["state"] == "failed"} == {}
    assert {need for step in steps for need in step["lacking"]} <= LACKING
    assert sum(step["state"] == "ok" for step in steps) > 10
    assert sh(host, LEFT) == before


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_its_tasks_can_be_solved(host: GuestMachine, chapter: str) -> None:
    host.put("/root/lab/project/try.py", TRY_TASKS.encode())
    before = sh(host, LEFT)
    said = sh(host, f"cd project && python3 try.py {chapter}", timeout=300)
    found = json.loads(said.splitlines()[0])
    assert {task: fault for task, fault in found.items() if fault is not None} == {}
    assert sh(host, LEFT) == before
