"""What a task's checks earn of its points."""

from __future__ import annotations

import pytest

from lablib.verdict import Check, Registry, Result, Verdict

PASS, FAIL, BLOCKED, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.BLOCKED, Verdict.ERROR


def registry(**shares: float) -> Registry:
    made = Registry()
    for id, share in shares.items():
        made.add(Check("a/task", id, "", lambda _: None, share))
    return made


def found(**verdicts: Verdict) -> list[Result]:
    return [Result(id, verdict) for id, verdict in verdicts.items()]


@pytest.mark.parametrize(
    ("verdicts", "score"),
    [
        ({"there": PASS, "right": PASS}, 1.0),
        ({"there": PASS, "right": FAIL}, 0.0),
        ({"there": PASS, "right": ERROR}, None),
        ({"there": PASS, "right": BLOCKED}, None),
        ({}, None),
    ],
)
def test_a_task_without_shares_is_earned_wholly_or_not_at_all(
    verdicts: dict[str, Verdict], score: float | None
) -> None:
    assert registry(there=0.0, right=0.0).score("a/task", found(**verdicts)) == score


@pytest.mark.parametrize(
    ("verdicts", "score"),
    [
        ({"runs": PASS, "few": PASS, "fewest": PASS}, 1.0),
        ({"runs": PASS, "few": PASS, "fewest": FAIL}, 0.25),
        ({"runs": PASS, "few": FAIL, "fewest": FAIL}, 0.0),
        ({"runs": FAIL, "few": PASS, "fewest": PASS}, 0.0),
        ({"runs": PASS, "few": PASS, "fewest": FAIL, "stopped": FAIL}, 0.0),
        ({"runs": PASS, "few": ERROR, "fewest": PASS}, None),
    ],
)
def test_shares_are_earned_one_by_one_once_the_checks_without_one_pass(
    verdicts: dict[str, Verdict], score: float | None
) -> None:
    assert registry(runs=0.0, few=0.25, fewest=0.75).score("a/task", found(**verdicts)) == score


def test_what_no_check_of_the_task_found_fails_it_all() -> None:
    assert registry().score("a/task", [Result("machine", FAIL)]) == 0.0
