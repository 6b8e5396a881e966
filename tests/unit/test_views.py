"""Live views: what the agent reads of the kernel's files, and how little of it is sent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from lablib.machine.agent.view_cgroups import MAX_PROCESSES, Cgroups
from lablib.machine.agent.view_overlays import MAX_NAMES, overlays
from lablib.machine.agent.view_processes import KINDS, filters, namespaces
from lablib.machine.agent.views import MAX_ROWS, VIEWS, Item, Sweep, View
from lablib.machine.seen import READERS
from lablib.machine.wire import MAX_PAYLOAD
from tests.unit.fake_kernel import FakeKernel

Rows = dict[str, Any]


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    return FakeKernel(tmp_path)


def read(view: View, kernel: FakeKernel) -> Rows:
    return dict(item for item in view(kernel.context()) if item is not None)


def lives(kernel: FakeKernel, pid: int, /, **numbers: int) -> None:
    """Gives a process the namespaces called so, and 1 of each other kind."""
    folder = kernel.folder / "proc" / str(pid) / "ns"
    folder.mkdir(parents=True)
    for kind in KINDS:
        (folder / kind).symlink_to(f"{kind}:[{numbers.get(kind, 1)}]")


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


# cgroups


def test_a_cgroup_is_told_with_what_it_has_and_what_it_gives(kernel: FakeKernel) -> None:
    kernel.cgroup("b", controllers="pids")
    kernel.cgroup("b/c", controllers="")
    kernel.cgroup("a", controllers="memory cpu", gives="cpu")
    rows = read(Cgroups().rows, kernel)
    assert list(rows) == ["", "/a", "/b", "/b/c"]
    assert rows["/a"][:2] == [["memory", "cpu"], ["cpu"]]
    assert [rows["/b/c"][0], rows["/b"][0]] == [[], ["pids"]]


def test_gauges_are_of_the_controllers_that_a_cgroup_has(kernel: FakeKernel) -> None:
    folder = kernel.cgroup("full", controllers="memory cpu pids")
    write(folder, memory__current="1000000", memory__max="2097152", memory__high="max")
    write(folder, memory__events="low 0\noom 3\noom_kill 2", pids__current="4", pids__max="max")
    write(folder, cpu__stat="usage_usec 5000\nuser_usec 1", cpu__max="50000 100000")
    write(folder, cgroup__events="populated 1\nfrozen 1")
    kernel.cgroup("empty", controllers="")
    rows = read(Cgroups().rows, kernel)
    full = rows["/full"][4]
    assert full == {
        "memory": [15 * 65536, 2 << 20], "high": None, "oom_kill": 2,
        "pids": [4, None], "cpu": [0, 50], "frozen": 1,
    }  # fmt: skip
    assert rows["/empty"][4] == {"frozen": 0}
    assert rows[""][4] == {}, "the root has no such files"


def test_the_use_of_processors_is_of_the_last_second_and_zero_before_there_is_one(kernel: FakeKernel) -> None:
    now = 0.0
    view = Cgroups(lambda: now)
    folder = kernel.cgroup("busy", controllers="cpu")

    def percent(at: float, usec: int) -> int:
        nonlocal now
        now = at
        write(folder, cpu__stat=f"usage_usec {usec}", cpu__max="max 100000", cgroup__events="populated 1")
        used: int = read(view.rows, kernel)["/busy"][4]["cpu"][0]
        return used

    assert [percent(0, 9_000_000), percent(0.5, 9_400_000), percent(1.0, 9_500_000)] == [0, 0, 50]
    assert [percent(1.5, 10_500_000), percent(3.0, 9_500_000 + 4_000_000)] == [50, 200]


def test_only_the_first_processes_are_named_and_the_others_counted(kernel: FakeKernel) -> None:
    for pid in range(100, 100 + MAX_PROCESSES + 5):
        kernel.process(pid)
        lives(kernel, pid)
    _, _, number, processes, _ = read(Cgroups().rows, kernel)[""]
    assert (number, len(processes)) == (MAX_PROCESSES + 5, MAX_PROCESSES)


def test_what_lives_outside_the_students_pid_namespace_is_not_shown(tmp_path: Path) -> None:
    kernel = FakeKernel(tmp_path, depth=1)
    kernel.process(os.getpid(), "python3")
    lives(kernel, os.getpid(), pid=5)
    kernel.process(2_000_000, "kthreadd")
    lives(kernel, 2_000_000, pid=5)
    kernel.process(3_000_000, shown=7)
    lives(kernel, 3_000_000, pid=6)
    assert read(Cgroups().rows, kernel)[""][2:4] == [1, [(7, "sleep")]]
    assert list(read(namespaces, kernel)) == list(read(filters, kernel)) == ["7"]


# processes


def test_a_process_is_told_with_the_numbers_of_its_namespaces(kernel: FakeKernel) -> None:
    kernel.process(10, "bash")
    lives(kernel, 10)
    kernel.process(11, "httpd", shown=1)
    lives(kernel, 11, uts=42, pid=43)
    rows = read(namespaces, kernel)
    assert rows["10"] == ["bash", [1] * len(KINDS), [10]]
    assert rows["11"] == ["httpd", [42, 43, 1, 1, 1, 1, 1, 1], [11, 1]]


def test_a_kind_of_namespaces_that_the_kernel_does_not_have_is_null(kernel: FakeKernel) -> None:
    kernel.process(10)
    lives(kernel, 10)
    (kernel.folder / "proc/10/ns/time").unlink()
    assert read(namespaces, kernel)["10"][1] == [1] * 7 + [None]


def test_filters_are_told_as_the_status_of_a_process_has_them(kernel: FakeKernel) -> None:
    for pid, more in ((10, "Seccomp:\t2\nSeccomp_filters:\t3\nNoNewPrivs:\t1\n"), (11, "Seccomp:\t0\n")):
        kernel.process(pid)
        lives(kernel, pid)
        with (kernel.folder / f"proc/{pid}/status").open("a") as status:
            status.write(more)
    assert read(filters, kernel) == {"10": ["sleep", 2, 3, 1], "11": ["sleep", 0, None, 0]}


# overlays


@pytest.fixture
def overlay(kernel: FakeKernel) -> Iterator[Path]:
    """The student's `/`, in which an overlay of `/low` and `/up` is said to be mounted at `/seen`."""
    kernel.process(10)
    lives(kernel, 10)
    options = "rw,lowerdir=/low,upperdir=/up,workdir=/work"
    lines = ["20 1 0:20 / / rw - ext4 disk rw", f"30 20 0:30 / /seen rw - overlay overlay {options}"]
    lines += ["31 20 0:31 / /usr rw - overlay overlay rw,lowerdir=/not/ours,upperdir=/nor/this,workdir=/w"]
    (kernel.folder / "proc/10/mountinfo").write_text("\n".join(lines) + "\n")
    root = kernel.folder / "root"
    for name in ("low/dir", "up/dir", "seen"):
        (root / name).mkdir(parents=True)
    (kernel.folder / "proc/10/root").symlink_to(root)
    return root


def test_each_name_is_told_by_what_every_layer_has_and_an_overlay_of_unseen_layers_is_not(
    kernel: FakeKernel, overlay: Path
) -> None:
    for name in ("low/file", "up/file", "low/dir/old", "up/new"):
        (overlay / name).touch()
    (overlay / "up/link").symlink_to("file")
    rows = read(overlays, kernel)
    assert rows.pop("1") == ["/seen", 10, ["/up", "/low"], True]
    assert rows == {
        "1/dir": ["d", "d"], "1/file": ["f", "f"], "1/link": ["l", ""], "1/new": ["f", ""], "1/dir/old": ["", "f"],
    }  # fmt: skip


def test_of_many_names_those_of_the_upper_layer_come_first_and_there_is_an_end(
    kernel: FakeKernel, overlay: Path
) -> None:
    for number in range(2 * MAX_NAMES):
        (overlay / f"low/a{number:03}").touch()
    (overlay / "up/z").touch()
    rows = read(overlays, kernel)
    assert "1/z" in rows and len(rows) == MAX_NAMES + 1


# what is sent


class Clock:
    """Goes on by `step` seconds at each look."""

    def __init__(self, step: float) -> None:
        self._looks = count()
        self._step = step

    def __call__(self) -> float:
        return next(self._looks) * self._step


def sweep(rows: Rows, kernel: FakeKernel, step: float = 0.0) -> Sweep:
    def view(_context: object) -> Iterator[Item]:
        for key, row in list(rows.items()):
            yield None
            yield key, row

    return Sweep(view, kernel.context, Clock(step))


def news(made: Sweep) -> list[Any]:
    return [row for frame in made.look() for row in json.loads(frame)]


def test_only_what_has_changed_is_sent_and_what_is_gone(kernel: FakeKernel) -> None:
    rows = {"a": [1], "b": [2], "c": [3]}
    made = sweep(rows, kernel)
    assert news(made) == [["a", [1]], ["b", [2]], ["c", [3]]]
    assert news(made) == []
    rows["b"] = [20]
    del rows["c"]
    assert news(made) == [["b", [20]], ["c", None]]
    assert list(made.look()) == []


def test_what_goes_while_it_is_read_ends_the_round_and_nothing_is_said_to_be_gone(kernel: FakeKernel) -> None:
    broken = False

    def view(_context: object) -> Iterator[Item]:
        yield "a", [1]
        if broken:
            raise ValueError("half a number")
        yield "b", [2]

    made = Sweep(view, kernel.context, Clock(0.0))
    assert news(made) == [["a", [1]], ["b", [2]]]
    broken = True
    assert news(made) == [] and made.whole
    broken = False
    assert news(made) == []


def test_a_round_ends_in_time_and_the_next_one_goes_on_there(kernel: FakeKernel) -> None:
    rows = {f"{number:03}": [number] for number in range(100)}
    made = sweep(rows, kernel, step=0.001)
    rounds = [[key for key, _ in news(made)] for _ in range(60)]
    assert max(map(len, rounds)) <= 5
    assert [key for keys in rounds for key in keys] == list(rows)


def test_frames_are_as_many_as_the_rows_need_and_none_is_too_long(kernel: FakeKernel) -> None:
    rows = {f"{number:04}": ["x" * 200] for number in range(1000)}
    frames = list(sweep(rows, kernel).look())
    assert len(frames) > 2
    assert all(len(frame) <= MAX_PAYLOAD for frame in frames)
    assert [key for frame in frames for key, _ in json.loads(frame)] == list(rows)


def test_a_view_has_an_end_however_much_there_is(kernel: FakeKernel) -> None:
    rows = {"huge": ["x" * MAX_PAYLOAD], **{str(number): [] for number in range(MAX_ROWS + 10)}}
    assert 0 < len(news(sweep(rows, kernel))) < MAX_ROWS


def test_every_view_of_the_agent_can_be_read_by_the_screen() -> None:
    assert VIEWS.keys() == READERS.keys()
