from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lablib.machine.agent.views import MAX_CGROUPS, MAX_PROCESSES, cgroups
from lablib.machine.wire import MAX_PAYLOAD
from tests.unit.fake_kernel import FakeKernel


def view(kernel: FakeKernel) -> list[list[Any]]:
    payload = cgroups(kernel.context())
    assert len(payload) <= MAX_PAYLOAD
    rows: list[list[Any]] = json.loads(payload)
    return rows


def test_parents_come_first_and_each_row_says_how_deep_it_is(tmp_path: Path) -> None:
    kernel = FakeKernel(tmp_path)
    kernel.cgroup("b", controllers="pids")
    kernel.cgroup("b/c", controllers="")
    kernel.cgroup("a", controllers="memory cpu")
    assert [row[:3] for row in view(kernel)][1:] == [[1, "a", ["cpu", "memory"]], [1, "b", ["pids"]], [2, "c", []]]


def test_a_tree_of_any_size_fits_in_a_frame(tmp_path: Path) -> None:
    kernel = FakeKernel(tmp_path)
    for number in range(MAX_CGROUPS + 50):
        kernel.cgroup(f"{number:04}-{'x' * 200}")
    assert 100 < len(view(kernel)) <= MAX_CGROUPS


def test_only_the_first_processes_are_named_and_the_others_counted(tmp_path: Path) -> None:
    kernel = FakeKernel(tmp_path)
    for pid in range(100, 100 + MAX_PROCESSES + 5):
        kernel.process(pid)
    ((_, _, _, count, processes),) = view(kernel)
    assert (count, len(processes)) == (MAX_PROCESSES + 5, MAX_PROCESSES)


def test_what_lives_outside_the_students_pid_namespace_is_not_shown(tmp_path: Path) -> None:
    kernel = FakeKernel(tmp_path, depth=1)
    kernel.process(1, "python3")
    kernel.process(200, shown=7)
    ((_, _, _, count, processes),) = view(kernel)
    assert (count, processes) == (1, [[7, "sleep"]])
