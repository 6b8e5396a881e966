"""The live view of cgroups, in a guest."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from lablib.machine.base import CgroupRow
from lablib.machine.guest import GuestMachine
from tests.guests import sh

Rows = tuple[CgroupRow, ...]
Seen = Callable[[Callable[[dict[str, CgroupRow]], bool]], dict[str, CgroupRow]]


@pytest.fixture
def seen(shared_guest: GuestMachine) -> Iterator[Seen]:
    """Waits for a picture of the tree, by name, that fits."""
    view = shared_guest.view_cgroups()
    pictures: queue.Queue[Rows] = queue.Queue()
    threading.Thread(target=lambda: [pictures.put(rows) for rows in view], daemon=True).start()

    def until(fits: Callable[[dict[str, CgroupRow]], bool]) -> dict[str, CgroupRow]:
        while True:
            rows = {row.name: row for row in pictures.get(timeout=10)}
            if fits(rows):
                return rows

    yield until
    view.close()
    sh(
        shared_guest,
        "echo 1 > /sys/fs/cgroup/seen/cgroup.kill; sleep 0.2; rmdir /sys/fs/cgroup/seen/* /sys/fs/cgroup/seen",
    )


def test_a_process_is_seen_to_move_and_a_controller_to_come(shared_guest: GuestMachine, seen: Seen) -> None:
    first = seen(lambda rows: "lab-init" in [name for _, name in rows["/"].processes])
    assert first["/"].depth == 0
    sh(shared_guest, "mkdir -p /sys/fs/cgroup/seen/child; sleep 1d & echo $! > /sys/fs/cgroup/seen/child/cgroup.procs")
    moved = seen(lambda rows: "child" in rows and rows["child"].count == 1)
    assert [name for _, name in moved["child"].processes] == ["sleep"]
    assert (moved["seen"].depth, moved["child"].depth) == (1, 2)
    assert moved["child"].controllers == ()
    sh(shared_guest, "echo +pids > /sys/fs/cgroup/seen/cgroup.subtree_control")
    assert seen(lambda rows: rows["child"].controllers != ())["child"].controllers == ("pids",)


def test_no_process_of_the_agents_or_the_kernels_is_shown(shared_guest: GuestMachine, seen: Seen) -> None:
    rows = seen(lambda rows: "lab-init" in [name for _, name in rows["/"].processes])
    names = [name for row in rows.values() for _, name in row.processes]
    assert not any(name.startswith(("python", "kthreadd", "kworker")) for name in names)


def test_a_threaded_cgroup_is_shown_without_its_processes(shared_guest: GuestMachine, seen: Seen) -> None:
    sh(shared_guest, "mkdir -p /sys/fs/cgroup/seen/t; echo threaded > /sys/fs/cgroup/seen/t/cgroup.type")
    rows = seen(lambda rows: "t" in rows)
    assert rows["t"].processes == ()
