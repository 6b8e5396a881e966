"""What checks have tried out beside the agent: nobody waits for it, a student's program gets no more than it has at the
prompt, and what was measured of a machine is asked for once."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

import checkers  # noqa: F401 - registers the checks
from lablib import measures
from lablib.course.model import Task
from lablib.grading.script import check_script
from lablib.machine.guest import GuestMachine
from lablib.scene import set_scene
from lablib.verdict import REGISTRY, Result, Verdict
from tests.guests import new_guest, sh

KILL = "seccomp/python-minimal-kill"
LAUNCHER = """#!/bin/sh
# {line}
{body}
"""
LIST_FROM_TRACE = (
    "env -i strace -o /tmp/trace /usr/bin/python3 -ISEB -c \"print('hello')\"; "
    "grep -o '^[a-z0-9_]*' /tmp/trace | sort -u > ~/lab/minimal-kill.txt"
)


def verdicts(results: tuple[Result, ...]) -> dict[str, Verdict]:
    return {result.id: result.verdict for result in results}


def put_launcher(machine: GuestMachine, body: str, line: str = "") -> None:
    machine.put("/root/lab/minimal-kill", LAUNCHER.format(body=body, line=line).encode(), 0o755)


@pytest.fixture
def guest(boot: Callable[..., GuestMachine]) -> GuestMachine:
    machine = boot()
    order = machine.remember(KILL)
    assert order == {"kind": "minimum", "workload": "kill"}
    machine.know(order, {"count": 20})
    return machine


def test_while_a_file_is_tried_shells_are_served_and_the_outcome_is_seen_when_it_is_there(guest: GuestMachine) -> None:
    put_launcher(guest, "sleep 100")
    watch = iter(guest.watch(KILL))
    assert {result.key for result in next(watch)} == {"seccomp.being-tried"}
    began = time.monotonic()
    assert sh(guest, "echo there").startswith("there")
    assert time.monotonic() - began < 3
    assert next(watch)[0].key == "seccomp.launcher-hangs"


def test_a_list_that_is_changed_is_tried_again(guest: GuestMachine) -> None:
    sh(guest, LIST_FROM_TRACE)
    first = guest.check(KILL)
    assert [id for id, verdict in verdicts(first).items() if verdict is Verdict.FAIL] == ["a-program-loads-it"]
    sh(guest, "sed -i /^read$/d ~/lab/minimal-kill.txt")
    broken = next(result for result in guest.check(KILL) if result.id == "python-works-under-it")
    assert broken.params["call"] == "read"


def test_a_launcher_has_what_a_program_at_the_prompt_has_and_no_more(guest: GuestMachine) -> None:
    look = "grep -E '^(Cap|Uid|NoNewPrivs|Seccomp:)' /proc/self/status; pwd; env | sort; umask; ulimit -c"
    there = "; readlink /proc/self/ns/user /proc/self/ns/net; ls /; ls /dev | grep -c ttyS"
    put_launcher(guest, f"({look}{there}) > /lab/launcher 2>&1; ls /proc | grep -c '^[0-9]' > /lab/processes")
    guest.put("/lab/look", f"#!/bin/sh\n{look}{there}\n".encode(), 0o755)
    guest.check(KILL)
    guest.run(["/bin/sh", "-c", "ulimit -c 0; /lab/look > /lab/prompt 2>&1"])
    launcher, prompt = (guest.run(["/bin/cat", f"/lab/{name}"]).out.decode() for name in ("launcher", "prompt"))
    without = [line for line in launcher.splitlines() if not line.startswith(("_=", "SHLVL="))]
    assert without == [line for line in prompt.splitlines() if not line.startswith(("_=", "SHLVL="))]
    assert int(guest.run(["/bin/cat", "/lab/processes"]).out) < 8, "it sees only what it started"


def test_the_process_that_keeps_a_launcher_has_nothing_that_is_not_the_launchers(guest: GuestMachine) -> None:
    look = """
grep ^Cap /proc/1/status > /lab/first; grep ^Cap /proc/self/status > /lab/own
readlink /proc/1/fd/* > /lab/descriptors; readlink /proc/1/ns/mnt /proc/self/ns/mnt > /lab/mounts
for fd in /proc/1/fd/*; do echo '{"allowed": [], "forged": true}' > "$fd"; done
ls /proc/1/root/run/world > /lab/world 2>&1
"""
    put_launcher(guest, look)
    assert guest.check(KILL)[0].key == "seccomp.no-filter"
    assert sh(guest, "cmp /lab/first /lab/own && sort -u /lab/descriptors") == "/dev/null\nstatus=0"
    assert sh(guest, "sort -u /lab/mounts | wc -l").startswith("1\n")
    assert "No such file" in sh(guest, "cat /lab/world")


def test_nothing_of_a_trial_can_be_seen_or_stays(guest: GuestMachine) -> None:
    put_launcher(guest, "(sleep 1234 &) ; sleep 1234")
    list(zip(guest.watch(KILL), range(1), strict=False))
    seen = sh(guest, "sleep 0.5; cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "1234" not in seen.replace("sleep 0.5", "") and "prover" not in seen
    assert guest.check(KILL)[0].key == "seccomp.launcher-hangs"
    assert "1234" not in sh(guest, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")


def test_one_that_forks_for_ever_or_fills_memory_ends_its_trial_alone(guest: GuestMachine) -> None:
    put_launcher(guest, "f() { f | f & }; f; sleep 100", "forks")
    assert guest.check(KILL)[0].key == "seccomp.launcher-forks"
    put_launcher(guest, "python3 -c 'x = [bytearray(1 << 24) for _ in range(10000)]'", "fills")
    assert guest.check(KILL)[0].key in ("seccomp.no-filter", "seccomp.launcher-hangs")
    assert sh(guest, "echo there").startswith("there")


def test_an_answer_that_a_student_prepares_for_the_prover_is_not_read(guest: GuestMachine) -> None:
    sh(guest, "cp /bin/true /usr/bin/python3.11; cp /bin/true /usr/bin/python3")
    put_launcher(guest, "exec /usr/bin/python3")
    assert guest.check(KILL)[0].key == "seccomp.no-filter"


def test_what_was_measured_is_kept_and_asked_for_once(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, tasks: dict[str, Task], guests_boot: None
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked: list[object] = []

    class Counting(GuestMachine):
        def measure(self, order):  # type: ignore[no-untyped-def]
            asked.append(order)
            return super().measure(order)

    def counting() -> GuestMachine:
        return Counting(new_guest()._kernel)

    for _ in range(2):
        report = check_script(tasks[KILL], f"#!/bin/sh\n{LIST_FROM_TRACE}\n".encode(), counting)
        assert report.score == pytest.approx(0.8)
    assert asked == [{"kind": "minimum", "workload": "kill"}]
    assert REGISTRY.measure(KILL) == asked[0]


def test_in_a_lesson_it_is_measured_beside_the_students_work(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, tasks: dict[str, Task], boot: Callable[..., GuestMachine]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    machine = boot()
    set_scene(machine, tasks[KILL])
    sh(machine, LIST_FROM_TRACE)
    for results in machine.watch(KILL):
        if all(result.key not in ("seccomp.being-tried", "seccomp.minimum-unknown") for result in results):
            break
    assert REGISTRY.score(KILL, results) == pytest.approx(0.8)
    assert measures.kept(f"measure-{measures._digest(machine, REGISTRY.measure(KILL) or {})}") is None


def test_a_sleep_that_was_asked_for_its_filter_sleeps_on(
    boot: Callable[..., GuestMachine], tasks: dict[str, Task]
) -> None:
    machine, task = boot(), tasks["seccomp/first-filter"]
    machine.put("/root/lab/solve", (task.solutions[-1]).read_bytes(), 0o755)
    machine.run(["/root/lab/solve"])
    sh(machine, "until pgrep -x sleep > /dev/null; do :; done")  # it goes on in the background
    for _ in range(2):
        assert {result.verdict for result in machine.check(task.id)} == {Verdict.PASS}
    assert sh(machine, "grep State /proc/$(pgrep -x sleep)/status").startswith("State:\tS")
