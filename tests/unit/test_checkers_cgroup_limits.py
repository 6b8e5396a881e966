"""What the checks of the cgroups chapter on memory, cpu, pids and the freezer say, state by state."""

from __future__ import annotations

from pathlib import Path

import pytest

import checkers  # noqa: F401 - registers the checks
from lablib.verdict import REGISTRY, Result, Verdict
from tests.unit.fake_kernel import FakeKernel, judge

START_TIME = 22  # what FakeKernel gives every process
EVENTS = "low 0\nhigh {high}\nmax {max}\noom {oom_kill}\noom_kill {oom_kill}\noom_group_kill 0"


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    return FakeKernel(tmp_path)


def results(kernel: FakeKernel, task: str) -> dict[str, Result]:
    return judge(f"cgroups/{task}", kernel.context())


def keys(kernel: FakeKernel, task: str) -> dict[str, str]:
    return {id: result.key for id, result in results(kernel, task).items()}


def cgroup(kernel: FakeKernel, name: str, **files: str) -> None:
    """A cgroup with interface files of controllers; `_` stands for the dot."""
    path = kernel.cgroup(name)
    for file, text in files.items():
        (path / file.replace("_", ".", 1)).write_text(text + "\n")


def events(high: int = 0, max: int = 0, oom_kill: int = 0) -> str:
    return EVENTS.format(high=high, max=max, oom_kill=oom_kill)


# Every limit


@pytest.mark.parametrize("task", ["out-of-memory", "slowed-not-killed", "throttled", "fork-bomb"])
def test_without_its_cgroup_each_check_says_so(kernel: FakeKernel, task: str) -> None:
    kernel.cgroup("another")
    for result in results(kernel, task).values():
        assert (result.key, result.evidence[0].text) == ("cgroups.not-made", "another")


@pytest.mark.parametrize(
    ("task", "name", "controller"),
    [("out-of-memory", "small", "memory"), ("throttled", "slow", "cpu"), ("fork-bomb", "bomb", "pids")],
)
def test_a_cgroup_without_the_controller_is_told_who_hands_it_down(
    kernel: FakeKernel, task: str, name: str, controller: str
) -> None:
    kernel.cgroup(name)
    first, second, *_ = results(kernel, task).values()
    for result in (first, second):
        assert (result.key, result.params["controller"]) == ("cgroups.not-handed-down", controller)


def test_a_machine_without_the_controller_is_blocked_not_failed(kernel: FakeKernel) -> None:
    kernel.cgroup("", controllers="cpu")
    kernel.cgroup("bomb")
    assert results(kernel, "fork-bomb")["bomb-has-room-for-twenty"].verdict is Verdict.BLOCKED


# out-of-memory


def test_killed_at_the_limit_passes(kernel: FakeKernel) -> None:
    cgroup(kernel, "small", memory_max="16777216", memory_events=events(max=30, oom_kill=1), memory_peak="16777216")
    assert {r.verdict for r in results(kernel, "out-of-memory").values()} == {Verdict.PASS}


def test_a_kernel_without_memory_peak_is_enough(kernel: FakeKernel) -> None:
    cgroup(kernel, "small", memory_max="16777216", memory_events=events(max=30, oom_kill=1))
    assert {r.verdict for r in results(kernel, "out-of-memory").values()} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("said", "peak", "key"),
    [
        (events(), "20000000", "cgroups.limit-not-met"),
        (events(max=9), "16777216", "cgroups.limit-met-not-killed"),
        (events(max=9, oom_kill=1), "1048576", "cgroups.killed-below-the-limit"),
    ],
)
def test_what_did_not_happen_at_the_limit_has_its_reason(kernel: FakeKernel, said: str, peak: str, key: str) -> None:
    cgroup(kernel, "small", memory_max="16777216", memory_events=said, memory_peak=peak)
    assert keys(kernel, "out-of-memory") == {"small-is-limited": "", "small-was-killed-in": key}


@pytest.mark.parametrize(("limit", "key"), [("max", "limit-unset"), ("16384", "limit-otherwise")])
def test_another_limit_is_told_as_it_reads(kernel: FakeKernel, limit: str, key: str) -> None:
    cgroup(kernel, "small", memory_max=limit, memory_events=events())
    result = results(kernel, "out-of-memory")["small-is-limited"]
    assert (result.key, result.expected, result.actual) == (f"cgroups.{key}", "16777216", limit)


def test_another_room_is_not_told_in_bytes(kernel: FakeKernel) -> None:
    cgroup(kernel, "bomb", pids_max="2", pids_events="max 0")
    assert keys(kernel, "fork-bomb")["bomb-has-room-for-twenty"] == "cgroups.room-otherwise"


# slowed-not-killed


@pytest.mark.parametrize(
    ("said", "peak", "key"),
    [
        (events(high=100), "18000000", ""),
        (events(high=100, oom_kill=1), "18000000", "cgroups.soft-killed"),
        (events(high=3), "16777216", "cgroups.soft-not-over"),
        (events(), "36000000", "cgroups.soft-limited-later"),
    ],
)
def test_above_memory_high_and_alive(kernel: FakeKernel, said: str, peak: str, key: str) -> None:
    cgroup(kernel, "soft", memory_high="16777216", memory_max="max", memory_events=said, memory_peak=peak)
    assert keys(kernel, "slowed-not-killed") == {"soft-is-limited": "", "soft-went-over-and-lived": key}


# throttled


@pytest.mark.parametrize(
    ("limit", "key"),
    [
        ("20000 100000", ""),
        ("10000 50000", ""),
        ("max 100000", "cgroups.cpu-unlimited"),
        ("50000 100000", "cgroups.cpu-share"),
        ("20000 20000", "cgroups.cpu-share"),
    ],
)
def test_a_fifth_is_a_fifth_in_any_period(kernel: FakeKernel, limit: str, key: str) -> None:
    cgroup(kernel, "slow", cpu_max=limit, cpu_stat="usage_usec 5\nnr_periods 3\nnr_throttled 2")
    assert keys(kernel, "throttled") == {"slow-has-a-fifth": key, "slow-was-throttled": ""}


def test_a_group_that_was_content_was_not_throttled(kernel: FakeKernel) -> None:
    cgroup(kernel, "slow", cpu_max="20000 100000", cpu_stat="usage_usec 512\nnr_periods 3\nnr_throttled 0")
    result = results(kernel, "throttled")["slow-was-throttled"]
    assert (result.key, result.params) == ("cgroups.not-throttled", {"usage": "512"})


# fork-bomb


def test_a_refused_fork_counts_where_it_was_tried_too(kernel: FakeKernel) -> None:
    cgroup(kernel, "bomb", pids_max="20", pids_events="max 0")
    assert keys(kernel, "fork-bomb")["bomb-met-its-limit"] == "cgroups.fork-not-refused"
    cgroup(kernel, "bomb/inner", pids_events="max 7")
    assert keys(kernel, "fork-bomb") == dict.fromkeys(keys(kernel, "fork-bomb"), "")


def test_what_still_runs_in_it_is_counted(kernel: FakeKernel) -> None:
    cgroup(kernel, "bomb", pids_max="20", pids_events="max 7", cgroup_events="populated 1\nfrozen 0")
    for pid in (7, 8, 9):
        kernel.process(pid, "sh", "sh -c bomb", "bomb")
    result = results(kernel, "fork-bomb")["bomb-is-out"]
    assert (result.key, result.params["number"]) == ("cgroups.bomb-burns", "3")


# frozen


def test_the_scene_remembers_the_ticker_and_not_what_it_starts(kernel: FakeKernel) -> None:
    kernel.cgroup("ice")
    kernel.process(7, "ticker", "/bin/sh /tmp/ticker", "ice")
    kernel.process(8, "sleep", "sleep 1", "ice")
    remembered = REGISTRY.remember("cgroups/frozen", kernel.context())
    assert remembered == {"tickers": [[7, START_TIME, 7, "ticker"]]}


def test_a_scene_without_anything_in_ice_is_an_error_of_ours(kernel: FakeKernel) -> None:
    kernel.cgroup("ice")
    with pytest.raises(LookupError):
        REGISTRY.remember("cgroups/frozen", kernel.context())


@pytest.mark.parametrize("scene", [True, False], ids=["with a scene", "on any machine"])
def test_frozen_with_the_ticker_in_it_passes(kernel: FakeKernel, scene: bool) -> None:
    cgroup(kernel, "ice", cgroup_events="populated 1\nfrozen 1", cgroup_freeze="1")
    kernel.process(7, "ticker", "/bin/sh /tmp/ticker", "ice")
    kernel.remembered = {"tickers": [[7, START_TIME, 7, "ticker"]]} if scene else {}
    assert {r.verdict for r in results(kernel, "frozen").values()} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("where", "start_time", "key"),
    [("", START_TIME, "ticker-moved"), ("ice", START_TIME + 1, "ticker-died"), ("ice", START_TIME, "")],
)
def test_the_ticker_must_be_the_one_and_in_its_place(kernel: FakeKernel, where: str, start_time: int, key: str) -> None:
    cgroup(kernel, "ice", cgroup_events="populated 1\nfrozen 0", cgroup_freeze="0")
    kernel.process(7, "ticker", "/bin/sh /tmp/ticker", where)
    kernel.remembered = {"tickers": [[7, start_time, 7, "ticker"]]}
    assert keys(kernel, "frozen") == {
        "ticker-lives-in-ice": key and f"cgroups.{key}",
        "ice-is-frozen": "cgroups.not-frozen",
    }


# kill-all


def crew_and_others(kernel: FakeKernel) -> None:
    for name in ("crew", "crew/deck", "others"):
        kernel.cgroup(name)
    kernel.process(7, "sleep", "sleep 1h", "crew")
    kernel.process(8, "tail", "tail -f /dev/null", "crew/deck")
    kernel.process(9, "sleep", "sleep 1h", "others")
    kernel.remembered = dict(REGISTRY.remember("cgroups/kill-all", kernel.context()))


def end(kernel: FakeKernel, pid: int) -> None:
    kernel.process(pid, state="Z")


def test_all_of_the_crew_and_none_of_the_others_passes(kernel: FakeKernel) -> None:
    crew_and_others(kernel)
    assert keys(kernel, "kill-all") == {"crew-has-ended": "cgroups.crew-lives", "others-live": ""}
    end(kernel, 7)
    assert results(kernel, "kill-all")["crew-has-ended"].params == {"pid": "8", "name": "tail", "where": "/crew/deck"}
    end(kernel, 8)
    assert {r.verdict for r in results(kernel, "kill-all").values()} == {Verdict.PASS}


def test_one_that_was_moved_out_has_not_ended(kernel: FakeKernel) -> None:
    crew_and_others(kernel)
    end(kernel, 7)
    (kernel.folder / "cgroup/crew/deck/cgroup.procs").write_text("")
    kernel.process(8, "tail", "tail -f /dev/null")
    assert results(kernel, "kill-all")["crew-has-ended"].params["where"] == "/"


def test_one_of_the_others_that_ended_is_named(kernel: FakeKernel) -> None:
    crew_and_others(kernel)
    end(kernel, 9)
    result = results(kernel, "kill-all")["others-live"]
    assert (result.key, result.params) == ("cgroups.others-died", {"pid": "9", "name": "sleep"})
