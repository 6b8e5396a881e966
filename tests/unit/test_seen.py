"""What a machine says of itself, put together by the screen's side, from agents that may not be ours any more."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest

from lablib.machine.seen import READERS, CgroupRow, Gauges, NameRow, NamespacesRow, OverlayRow, SeccompRow, ViewStream
from lablib.machine.wire import Frame, Type

CGROUP = [["memory"], [], 1, [[7, "sleep"]], {"memory": [65536, None], "high": None, "oom_kill": 2, "frozen": 0}]


class FakeChannel:
    """Says what a test has it say, and then that the machine is gone."""

    def __init__(self, *values: Any) -> None:
        self.frames = deque(Frame(Type.SEEN, 1, json.dumps(value).encode()) for value in values)
        self.asked: list[tuple[int, Any]] = []

    def send(self, type: int, value: Any = None) -> None:
        self.asked.append((type, value))

    def next(self, timeout: float | None = None) -> Frame | None:
        return self.frames.popleft() if self.frames else None

    def hang_up(self) -> None:
        self.frames.clear()


def merged(view: str, *frames: Any) -> dict[str, Any]:
    """What is there once all of `frames` have come."""
    channel = FakeChannel(*frames)
    stream = ViewStream(channel, view)  # type: ignore[arg-type]
    list(stream)
    assert channel.asked == [(Type.VIEW, view)]
    return stream._rows  # type: ignore[return-value]


def test_changes_are_put_together_to_a_whole_picture() -> None:
    later = [["memory"], [], 0, [], {}]
    rows = merged("cgroups", [["", CGROUP], ["/a", CGROUP]], [["/a", later]], [["", None], ["/never", None]])
    assert rows == {"/a": CgroupRow(("memory",), (), 0, (), Gauges())}


def test_each_view_has_rows_of_its_own() -> None:
    gauges = Gauges(memory=65536, oom_kill=2)
    assert merged("cgroups", [["/a", CGROUP]])["/a"] == CgroupRow(("memory",), (), 1, ((7, "sleep"),), gauges)
    assert merged("namespaces", [["7", ["sleep", [1, None], [7, 1]]]])["7"] == NamespacesRow("sleep", (1, None), (7, 1))
    assert merged("seccomp", [["7", ["sleep", 2, 3, 1]]])["7"] == SeccompRow("sleep", 2, 3, True)
    rows = merged("overlayfs", [["1", ["/m", 7, ["/u", "/l"], True]], ["1/a", ["w", "f"]]])
    assert rows == {"1": OverlayRow("/m", 7, ("/u", "/l"), True), "1/a": NameRow(("w", "f"))}


@pytest.mark.parametrize("view", READERS)
@pytest.mark.parametrize(
    "value", [1, "x", {"a": 1}, [1], [["a"]], [["a", 1]], [["a", [1]]], [["a", [[], [], "x", [], {}]]], [["a", {}]]]
)
def test_what_makes_no_sense_ends_the_view_and_nothing_else(view: str, value: Any) -> None:
    assert merged(view, value) == {}


def test_numbers_beyond_all_reason_and_long_words_are_taken_as_they_are_or_cut() -> None:
    row = merged("seccomp", [["7", ["n" * 5000, 10**30, None, 1]]])["7"]
    assert isinstance(row, SeccompRow)
    assert (len(row.name), row.mode) == (100, 10**30)
    assert merged("cgroups", '[["a", [[], [], 1e999, [], {}]]]') == {}


def test_an_agent_that_never_ends_makes_us_hold_only_so_many_rows() -> None:
    frames = [[[f"/{n}-{m}", CGROUP] for m in range(500)] for n in range(8)]
    assert len(merged("cgroups", *frames)) == 2000
