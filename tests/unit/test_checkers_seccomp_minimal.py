"""What the checks of the seccomp challenge make of what came of trying a list: verdicts, sentences, and points."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import checkers  # noqa: F401 - registers the checks
from checkers import seccomp_minimal
from lablib.i18n import CHECK_MESSAGES, LANGUAGES, catalogue
from lablib.verdict import REGISTRY, Result, Verdict, overall
from tests.unit.fake_kernel import FakeKernel

ERRNO, KILL = seccomp_minimal.ERRNO.task, seccomp_minimal.KILL.task
LEAST = 4
GOOD: dict[str, Any] = {
    "allowed": ["execve", "mmap", "read", "write"], "filters": 1, "instructions": 12, "conditional": [], "hole": "",
    "other": "", "unasked": [], "needless": "",
}  # fmt: skip

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the challenge is for x86-64")


@dataclass
class FakeTrials:
    """Knows what comes of trying the student's file, and the minimum, or nothing yet."""

    outcome: Mapping[str, Any] | None
    least: int | None = LEAST
    orders: list[Mapping[str, Any]] = field(default_factory=list)

    def found(self, order: Mapping[str, Any], instead_of: str = "") -> Mapping[str, Any] | None:
        self.orders.append(order)
        if order["kind"] == "minimum":
            return None if self.least is None else {"count": self.least}
        return self.outcome


@pytest.fixture
def lab(tmp_path: Path) -> FakeKernel:
    kernel = FakeKernel(tmp_path)
    work = kernel.folder / "files/root/lab"
    work.mkdir(parents=True)
    for name in ("minimal-errno", "minimal-kill"):
        (work / name).write_text("a program\n")
    return kernel


def results(lab: FakeKernel, trials: FakeTrials, task: str = ERRNO) -> tuple[Result, ...]:
    return REGISTRY.run(task, replace(lab.context(), trials=trials))


def keys(found: tuple[Result, ...]) -> dict[str, str]:
    return {result.id: result.key for result in found if result.key}


def score(lab: FakeKernel, change: Mapping[str, Any], task: str = ERRNO) -> float | None:
    return REGISTRY.score(task, results(lab, FakeTrials({**GOOD, **change}), task))


@pytest.mark.parametrize("task", [ERRNO, KILL])
def test_the_shortest_list_is_worth_everything_and_tells_what_each_call_is_for(lab: FakeKernel, task: str) -> None:
    found = results(lab, FakeTrials(GOOD), task)
    assert overall(found) is Verdict.PASS
    assert REGISTRY.score(task, found) == 1
    told = [key for result in found for key in result.told]
    assert told == [f"seccomp.role.{call}" for call in GOOD["allowed"]]
    for language in LANGUAGES:
        assert all(catalogue(language, CHECK_MESSAGES).text(key) for key in told)


def test_results_with_what_they_tell_cross_the_wire(lab: FakeKernel) -> None:
    found = results(lab, FakeTrials(GOOD))
    assert tuple(Result.from_json(result.as_json()) for result in found) == found


@pytest.mark.parametrize(
    ("change", "points"),
    [
        ({"needless": "mmap"}, 0.7),
        ({"allowed": [*GOOD["allowed"], "brk"], "needless": "brk"}, 0.4),
        ({"allowed": [*GOOD["allowed"], "brk"]}, 0.7),
        ({"allowed": [*GOOD["allowed"], "brk"], "needless": "brk", "unasked": ["brk"]}, 0.2),
        ({"hole": "x32: 0x40000000"}, 0),
        ({"other": "open: LOG"}, 0),
        ({"broken": "signal 31", "missed": "close"}, 0),
        ({"reason": "hangs", "detail": "5"}, 0),
        ({"allowed": ["read"]}, 0),
    ],
)
def test_points_are_for_what_was_reached(lab: FakeKernel, change: Mapping[str, Any], points: float) -> None:
    assert score(lab, change) == pytest.approx(points)


@pytest.mark.parametrize(("count", "points"), [(LEAST, 1), (LEAST + 1, 0.5), (2 * LEAST, 0.5), (2 * LEAST + 1, 0.2)])
def test_under_kill_half_of_the_way_is_worth_something(lab: FakeKernel, count: int, points: float) -> None:
    calls = ["execve", *(f"call{number}" for number in range(count - 1))]
    needless = "" if count == LEAST else calls[-1]
    assert score(lab, {"allowed": calls, "needless": needless}, KILL) == pytest.approx(points)


def test_a_list_alone_is_worth_all_but_the_program(lab: FakeKernel) -> None:
    work = lab.folder / "files/root/lab"
    (work / "minimal-errno").rename(work / "minimal-errno.txt")
    trials = FakeTrials(GOOD)
    found = results(lab, trials)
    assert keys(found) == {"a-program-loads-it": "seccomp.only-a-list"}
    assert REGISTRY.score(ERRNO, found) == pytest.approx(0.8)
    assert trials.orders[0]["text"] == "a program\n"


def test_without_a_file_there_is_nothing_to_try(lab: FakeKernel) -> None:
    (lab.folder / "files/root/lab/minimal-errno").unlink()
    trials = FakeTrials(GOOD)
    assert set(keys(results(lab, trials)).values()) == {"seccomp.no-program"}
    assert not trials.orders


def test_while_it_is_being_tried_that_is_said(lab: FakeKernel) -> None:
    assert set(keys(results(lab, FakeTrials(None))).values()) == {"seccomp.being-tried"}
    found = results(lab, FakeTrials(GOOD, least=None))
    assert keys(found) == {"as-few-as-there-can-be": "seccomp.minimum-unknown"}


def test_a_file_that_changed_is_another_order_and_one_that_did_not_is_the_same(lab: FakeKernel) -> None:
    trials = FakeTrials(GOOD)
    results(lab, trials)
    first = trials.orders[0]
    results(lab, trials)
    assert all(order == first for order in trials.orders if order["kind"] == "program")
    file = lab.folder / "files/root/lab/minimal-errno"
    file.write_text("a progran\n")
    os.utime(file, ns=(1, 1))
    trials.orders.clear()
    results(lab, trials)
    assert trials.orders[0] != first


def test_every_reason_has_its_sentence_in_every_language(lab: FakeKernel) -> None:
    for reason in seccomp_minimal._REASONS:
        found = results(lab, FakeTrials({"reason": reason, "detail": "it"}))
        first = found[0]
        assert first.verdict is Verdict.FAIL
        for language in LANGUAGES:
            assert catalogue(language, CHECK_MESSAGES).text(first.key, **first.params)
        assert {result.key for result in found[1:]} == {"seccomp.first-the-list"}


def test_where_nothing_can_be_tried_nobody_is_to_blame(lab: FakeKernel) -> None:
    assert {result.verdict for result in REGISTRY.run(ERRNO, lab.context())} == {Verdict.BLOCKED}


def test_calls_that_are_allowed_sometimes_are_listed_beside_those_always_allowed(lab: FakeKernel) -> None:
    found = results(lab, FakeTrials({**GOOD, "conditional": ["write"]}))
    assert found[0].evidence[0].text == "4: execve, mmap, read, write\n(write)"
