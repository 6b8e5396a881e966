"""What the checks of the cgroups chapter say, state by state."""

from __future__ import annotations

from pathlib import Path

import pytest

import checkers  # noqa: F401 - registers the checks
from lablib.verdict import REGISTRY, Result, Verdict
from tests.unit.fake_kernel import FakeKernel, judge

START_TIME = 22  # what FakeKernel gives every process


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    return FakeKernel(tmp_path)


def results(kernel: FakeKernel, task: str) -> dict[str, Result]:
    return judge(task, kernel.context())


def keys(kernel: FakeKernel, task: str) -> dict[str, str]:
    return {id: result.key for id, result in results(kernel, task).items()}


def memory_only(kernel: FakeKernel) -> Result:
    return results(kernel, "cgroups/memory-only")["child-has-only-memory"]


# move-sleep


def test_without_a_test_cgroup_both_checks_say_so(kernel: FakeKernel) -> None:
    assert set(keys(kernel, "cgroups/move-sleep").values()) == {"cgroups.no-test"}


def test_a_sleep_that_is_elsewhere_is_named_with_where_it_is(kernel: FakeKernel) -> None:
    kernel.cgroup("test")
    kernel.cgroup("other")
    kernel.process(7, cgroup="other")
    result = results(kernel, "cgroups/move-sleep")["sleep-is-in-test"]
    assert (result.key, result.params) == ("cgroups.sleep-elsewhere", {"pid": "7", "where": "/other"})


def test_with_no_sleep_at_all_that_is_the_reason(kernel: FakeKernel) -> None:
    kernel.cgroup("test")
    assert keys(kernel, "cgroups/move-sleep")["sleep-is-in-test"] == "cgroups.no-sleep"


@pytest.mark.parametrize(
    ("name", "arguments", "state", "program"),
    [
        ("sleep", "sleep 1d", "S", "bash"),
        ("sleep", "sleep 1d", "Z", "sleep"),
        ("busybox", "busybox ls", "S", "busybox"),
        ("bash", "bash sleep", "S", "bash"),
    ],
    ids=["a program that calls itself so", "a zombie", "busybox", "a script"],
)
def test_what_only_looks_like_a_sleep_is_none(
    kernel: FakeKernel, name: str, arguments: str, state: str, program: str
) -> None:
    kernel.cgroup("test")
    kernel.process(7, name, arguments, "test", state, program=program)
    assert keys(kernel, "cgroups/move-sleep")["sleep-is-in-test"] == "cgroups.no-sleep"


@pytest.mark.parametrize(
    ("name", "arguments", "program"),
    [
        ("sleep", "waiter 1d", "sleep"),
        ("sleep", "/bin/sleep 1d", "busybox"),
        ("busybox", "busybox sleep 1d", "busybox"),
        ("sleep", "sleep 1d", "sleep (deleted)"),
    ],
    ids=["another name", "a link to busybox", "busybox told so", "a removed file"],
)
def test_a_sleep_is_one_by_whatever_name(kernel: FakeKernel, name: str, arguments: str, program: str) -> None:
    kernel.cgroup("test")
    kernel.process(7, name, arguments, "test", program=program)
    assert not any(keys(kernel, "cgroups/move-sleep").values())


def test_a_threaded_cgroup_holds_what_its_threads_are(kernel: FakeKernel) -> None:
    path = kernel.cgroup("test", type="threaded")
    kernel.process(7, cgroup="test")
    (path / "cgroup.procs").rename(path / "cgroup.threads")  # reading the other gives EOPNOTSUPP
    assert not any(keys(kernel, "cgroups/move-sleep").values())


def test_a_sleep_in_a_child_of_test_is_not_in_test(kernel: FakeKernel) -> None:
    kernel.cgroup("test")
    kernel.cgroup("test/child")
    kernel.process(7, cgroup="test/child")
    assert keys(kernel, "cgroups/move-sleep")["sleep-is-in-test"] == "cgroups.sleep-elsewhere"


def test_evidence_names_pids_as_the_student_knows_them(tmp_path: Path) -> None:
    kernel = FakeKernel(tmp_path, depth=1)
    kernel.cgroup("test")
    kernel.process(712, cgroup="test", shown=9)
    (evidence,) = results(kernel, "cgroups/move-sleep")["sleep-is-in-test"].evidence
    assert (evidence.source, evidence.text) == ("/sys/fs/cgroup/test/cgroup.procs", "9 (sleep)")


# memory-only


def test_a_child_with_memory_alone_passes_whatever_it_is_called(kernel: FakeKernel) -> None:
    kernel.cgroup("test", gives="memory")
    kernel.cgroup("test/我的", controllers="memory")
    kernel.process(7)
    assert {r.verdict for r in results(kernel, "cgroups/memory-only").values()} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("test", "child", "key"),
    [
        ({}, None, "cgroups.no-child"),
        ({}, {"controllers": ""}, "cgroups.not-enabled"),
        ({"gives": "cpu memory"}, {"controllers": "cpu memory"}, "cgroups.others-too"),
        ({"gives": "cpu"}, {"controllers": "cpu"}, "cgroups.not-enabled"),
        ({"controllers": "cpu"}, {"controllers": ""}, "cgroups.not-offered"),
        ({"type": "threaded", "controllers": "cpu"}, {"controllers": ""}, "cgroups.threaded"),
        ({"type": "domain threaded"}, {"controllers": "", "type": "threaded"}, "cgroups.threaded"),
    ],
)
def test_each_state_short_of_the_goal_has_its_reason(
    kernel: FakeKernel, test: dict[str, str], child: dict[str, str] | None, key: str
) -> None:
    kernel.cgroup("test", **test)
    if child is not None:
        kernel.cgroup("test/child", **child)
    assert memory_only(kernel).key == key


def test_a_process_in_test_is_named_as_what_is_in_the_way(kernel: FakeKernel) -> None:
    kernel.cgroup("test")
    kernel.cgroup("test/child", controllers="")
    kernel.process(910, cgroup="test")
    result = memory_only(kernel)
    assert (result.key, result.params) == ("cgroups.internal-processes", {"pid": "910", "name": "sleep"})


def test_a_machine_without_the_controller_is_blocked_not_failed(kernel: FakeKernel) -> None:
    kernel.cgroup("", controllers="hugetlb")
    assert memory_only(kernel).verdict is Verdict.BLOCKED


def test_a_sleep_that_ended_and_one_with_its_pid_again_are_both_not_the_one(kernel: FakeKernel) -> None:
    kernel.cgroup("test")
    kernel.process(7, cgroup="test")
    for remembered in ([[8, START_TIME, 8]], [[7, START_TIME + 1, 7]], [[7, START_TIME, 7], [8, START_TIME, 8]]):
        kernel.remembered = {"sleeps": remembered}
        assert keys(kernel, "cgroups/memory-only")["sleep-survives"] == "cgroups.sleep-died"
    kernel.remembered = {"sleeps": [[7, START_TIME, 7]]}
    assert keys(kernel, "cgroups/memory-only")["sleep-survives"] == ""


def test_the_scene_is_remembered_with_what_is_below_test_too(kernel: FakeKernel) -> None:
    kernel.cgroup("test")
    kernel.cgroup("test/child")
    kernel.process(7, cgroup="test/child")
    kernel.process(8)
    assert REGISTRY.remember("cgroups/memory-only", kernel.context()) == {"sleeps": [[7, START_TIME, 7]]}


def test_a_scene_without_a_sleep_is_an_error_of_ours(kernel: FakeKernel) -> None:
    with pytest.raises(LookupError):
        REGISTRY.remember("cgroups/memory-only", kernel.context())


# clean-up


def test_cleaned_up_passes(kernel: FakeKernel) -> None:
    kernel.remembered = {"sleeps": [[7, START_TIME, 7]]}
    assert {r.verdict for r in results(kernel, "cgroups/clean-up").values()} == {Verdict.PASS}


def test_a_sleep_that_only_moved_has_not_ended(kernel: FakeKernel) -> None:
    kernel.process(7)
    kernel.remembered = {"sleeps": [[7, START_TIME, 7]]}
    assert keys(kernel, "cgroups/clean-up") == {"sleep-has-ended": "cgroups.sleep-lives", "test-is-gone": ""}


def test_what_stands_in_the_way_of_rmdir_is_named(kernel: FakeKernel) -> None:
    kernel.remembered = {"sleeps": []}
    kernel.cgroup("test")
    assert keys(kernel, "cgroups/clean-up")["test-is-gone"] == "cgroups.not-removed"
    kernel.cgroup("test/a")
    assert keys(kernel, "cgroups/clean-up")["test-is-gone"] == "cgroups.has-children"
    kernel.process(9, "cat", "cat", "test/a")
    result = results(kernel, "cgroups/clean-up")["test-is-gone"]
    assert (result.key, result.params["cgroup"]) == ("cgroups.still-populated", "/sys/fs/cgroup/test/a")
