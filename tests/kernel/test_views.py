"""Live views of a guest: what is done in it is seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from lablib.machine.guest import GuestMachine
from lablib.machine.seen import CgroupRow, NameRow, NamespacesRow, OverlayRow, Row, Rows, SeccompRow
from tests.guests import python, sh

T = TypeVar("T", bound=Row)
SECONDS = 20.0


class Watched:
    """A view that is looked at in a thread."""

    def __init__(self, machine: GuestMachine, name: str) -> None:
        self._view = machine.view(name)
        self._rows: Rows = {}
        self.pictures = 0
        self._news = threading.Condition()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        for rows in self._view:
            with self._news:
                self._rows = rows
                self.pictures += 1
                self._news.notify_all()

    def until(self, kind: type[T], fits: Callable[[dict[str, T]], bool]) -> dict[str, T]:
        """Waits for a picture whose rows of `kind` fit."""
        end = time.monotonic() + SECONDS
        with self._news:
            while True:
                rows = {key: row for key, row in self._rows.items() if isinstance(row, kind)}
                if fits(rows):
                    return rows
                assert self._news.wait(end - time.monotonic()), rows

    def close(self) -> None:
        self._view.close()


@contextmanager
def seen(machine: GuestMachine, name: str) -> Iterator[Watched]:
    watched = Watched(machine, name)
    try:
        yield watched
    finally:
        watched.close()


@pytest.fixture
def cgroups(shared_guest: GuestMachine) -> Iterator[Watched]:
    with seen(shared_guest, "cgroups") as watched:
        yield watched
    sh(
        shared_guest,
        "cd /sys/fs/cgroup/seen; echo 1 > cgroup.kill; sleep 0.3; find . -depth -type d -exec rmdir {} +; cd ..; "
        "rmdir seen",
    )


def names(row: CgroupRow) -> list[str]:
    return [name for _, name in row.processes]


def test_a_process_is_seen_to_move_and_a_controller_to_come(shared_guest: GuestMachine, cgroups: Watched) -> None:
    cgroups.until(CgroupRow, lambda rows: "" in rows and "lab-init" in names(rows[""]))
    sh(shared_guest, "mkdir -p /sys/fs/cgroup/seen/child; sleep 1d & echo $! > /sys/fs/cgroup/seen/child/cgroup.procs")
    moved = cgroups.until(CgroupRow, lambda rows: "/seen/child" in rows and rows["/seen/child"].count == 1)
    assert names(moved["/seen/child"]) == ["sleep"]
    assert moved["/seen/child"].controllers == moved["/seen"].gives == ()
    sh(shared_guest, "echo +pids > /sys/fs/cgroup/seen/cgroup.subtree_control")
    rows = cgroups.until(CgroupRow, lambda rows: rows["/seen/child"].controllers != ())
    assert rows["/seen/child"].controllers == rows["/seen"].gives == ("pids",)
    assert rows["/seen/child"].gauges.pids == 1


def test_limits_use_and_what_became_of_it_are_seen(shared_guest: GuestMachine, cgroups: Watched) -> None:
    sh(
        shared_guest,
        "mkdir /sys/fs/cgroup/seen; cd /sys/fs/cgroup/seen; echo 16M > memory.max; echo 0 > memory.swap.max; "
        "echo 50000 > cpu.max; (echo 0 > cgroup.procs; exec python3 -c '[0]*4000000'); echo 1 > cgroup.freeze",
    )
    gauges = cgroups.until(CgroupRow, lambda rows: "/seen" in rows and rows["/seen"].gauges.frozen)["/seen"].gauges
    assert (gauges.memory_max, gauges.oom_kill, gauges.cpu_max, gauges.pids_max) == (16 << 20, 1, 50, None)


def test_no_process_of_the_agents_or_the_kernels_is_shown(shared_guest: GuestMachine, cgroups: Watched) -> None:
    rows = cgroups.until(CgroupRow, lambda rows: "" in rows and "lab-init" in names(rows[""]))
    assert not [n for row in rows.values() for n in names(row) if n.startswith(("python", "kthreadd", "kworker"))]


def test_a_threaded_cgroup_is_shown_without_its_processes(shared_guest: GuestMachine, cgroups: Watched) -> None:
    sh(shared_guest, "mkdir -p /sys/fs/cgroup/seen/t; echo threaded > /sys/fs/cgroup/seen/t/cgroup.type")
    assert cgroups.until(CgroupRow, lambda rows: "/seen/t" in rows)["/seen/t"].processes == ()


def test_a_thousand_cgroups_are_seen_and_no_shell_waits_for_them(shared_guest: GuestMachine, cgroups: Watched) -> None:
    sh(shared_guest, "mkdir /sys/fs/cgroup/seen; cd /sys/fs/cgroup/seen; mkdir $(seq 1000)")
    cgroups.until(CgroupRow, lambda rows: len(rows) > 1000)
    pictures = cgroups.pictures
    assert "status=0" in sh(shared_guest, "true")
    cgroups.until(CgroupRow, lambda rows: True)
    assert cgroups.pictures - pictures < 20, "what does not change is not sent again"


def test_a_process_in_namespaces_of_its_own_is_seen_beside_process_1(shared_guest: GuestMachine) -> None:
    with seen(shared_guest, "namespaces") as view:
        sh(shared_guest, "unshare --uts --pid --fork --mount-proc sleep 77 & sleep 0.5")
        rows = view.until(NamespacesRow, lambda rows: any(len(row.pids) == 2 for row in rows.values()))
        base = rows["1"]
        (inner,) = (row for row in rows.values() if len(row.pids) == 2)
        assert (inner.name, inner.pids[1]) == ("sleep", 1)
        differs = [a != b for a, b in zip(inner.numbers, base.numbers, strict=True)]
        assert differs == [True, True, True, False, False, False, False, False]
        sh(shared_guest, "pkill -9 -x sleep")
        view.until(NamespacesRow, lambda rows: all(len(row.pids) == 1 for row in rows.values()))


def test_a_filter_is_seen_on_the_process_that_loaded_it(shared_guest: GuestMachine) -> None:
    code = (
        "import ctypes, os, struct, time\n"
        "libc = ctypes.CDLL(None)\n"
        "code = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000))\n"
        "prog = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 1, ctypes.addressof(code)))\n"
        "if os.fork() == 0:\n"
        "    libc.prctl(38, 1, 0, 0, 0); libc.prctl(22, 2, prog, 0, 0); os.close(1); os.close(2); time.sleep(77)"
    )
    with seen(shared_guest, "seccomp") as view:
        python(shared_guest, code)
        rows = view.until(SeccompRow, lambda rows: any(row.mode for row in rows.values()))
        assert [(row.mode, row.filters, row.no_new_privs) for row in rows.values() if row.mode] == [(2, 1, True)]
        assert rows["1"].mode == 0
        sh(shared_guest, "pkill -9 -x python3")


def test_of_an_overlay_it_is_seen_what_each_layer_has_and_what_becomes_of_it(shared_guest: GuestMachine) -> None:
    with seen(shared_guest, "overlayfs") as view:
        sh(
            shared_guest,
            "mkdir -p /lab/o/low/dir /lab/o/up /lab/o/work /lab/o/m; cd /lab/o; touch low/a low/b low/dir/c; "
            "mount -t overlay overlay -o lowerdir=low,upperdir=up,workdir=work m",
        )
        before = view.until(NameRow, lambda rows: len(rows) == 4)
        assert before == {
            "1/a": NameRow(("", "f")), "1/b": NameRow(("", "f")),
            "1/dir": NameRow(("", "d")), "1/dir/c": NameRow(("", "f")),
        }  # fmt: skip
        (overlay,) = view.until(OverlayRow, lambda rows: True).values()
        assert (overlay.point, overlay.layers, overlay.has_upper) == ("/lab/o/m", ("up", "low"), True)
        sh(shared_guest, "cd /lab/o/m; echo x > a; rm b; rm -r dir; mkdir dir; ln -s a link")
        now = view.until(NameRow, lambda rows: "1/link" in rows and rows["1/dir"].kinds[0] == "o")
        assert now == {
            "1/a": NameRow(("f", "f")), "1/b": NameRow(("w", "f")), "1/dir": NameRow(("o", "d")),
            "1/dir/c": NameRow(("", "f")), "1/link": NameRow(("l", "")),
        }  # fmt: skip
        sh(shared_guest, "umount /lab/o/m")
        view.until(OverlayRow, lambda rows: not rows)
        sh(shared_guest, "rm -r /lab/o")
