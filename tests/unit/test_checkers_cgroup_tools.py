"""What the check of answers about the cg* tools says, and what it reads in a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

import checkers  # noqa: F401 - registers the checks
from checkers.cgroup_tools import TOOLS, traced
from lablib.verdict import REGISTRY, Result, Verdict
from tests.unit.fake_kernel import FakeKernel, judge

ROOT = "/sys/fs/cgroup"
CGCREATE = f"""\
6     openat(AT_FDCWD</root/lab>, "/proc/cgroups", O_RDONLY|O_CLOEXEC) = 3</proc/cgroups>
6     mkdir("{ROOT}", 0775)     = -1 EEXIST (File exists)
6     openat(AT_FDCWD</root/lab>, "{ROOT}/cgroup.subtree_control", O_RDWR|O_CLOEXEC) = 3<{ROOT}/cgroup.subtree_control>
6     write(3<{ROOT}/cgroup.subtree_control>, "+memory", 7) = 7
6     mkdir("{ROOT}/traced-by-scene", 0775) = 0
6     chown("{ROOT}/traced-by-scene/", 0, 0) = 0
6     openat(AT_FDCWD</root/lab>, "{ROOT}/traced-by-scene/", O_RDONLY|O_DIRECTORY) = 3<{ROOT}/traced-by-scene>
6     write(1</dev/null>, "done", 4) = 4
6     +++ exited with 0 +++
"""
CREATED = [
    ("open", f"{ROOT}/cgroup.subtree_control"),
    ("write", f"{ROOT}/cgroup.subtree_control"),
    ("mkdir", f"{ROOT}/traced"),
]


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    kernel = FakeKernel(tmp_path)
    kernel.remembered = {
        "traces": {
            "cgcreate": [list(did) for did in CREATED],
            "cgset": [["open", f"{ROOT}/traced/memory.max"], ["write", f"{ROOT}/traced/memory.max"]],
            "cgexec": [["write", f"{ROOT}/traced/cgroup.procs"]],
            "cgdelete": [["rmdir", f"{ROOT}/traced"]],
        }
    }
    return kernel


def answer(kernel: FakeKernel, text: str) -> dict[str, Result]:
    work = kernel.folder / "files/root/lab"
    work.mkdir(parents=True, exist_ok=True)
    (work / "traced").write_text(text)
    return judge("cgroups/traced", kernel.context())


RIGHT = f"""\
# cgcreate
cgcreate mkdir {ROOT}/traced/
cgcreate  write  {ROOT}/cgroup.subtree_control
cgcreate open {ROOT}/./cgroup.subtree_control

cgset write {ROOT}/traced/memory.max
cgset open {ROOT}/traced/memory.max
cgset open {ROOT}/traced/memory.max
cgexec write {ROOT}/traced/cgroup.procs
cgdelete rmdir {ROOT}/traced"""


def test_the_right_answers_pass_in_any_order_and_spacing(kernel: FakeKernel) -> None:
    assert {result.verdict for result in answer(kernel, RIGHT).values()} == {Verdict.PASS}


def test_an_answer_that_no_trace_has_is_named(kernel: FakeKernel) -> None:
    found = answer(kernel, f"{RIGHT}\ncgexec write {ROOT}/traced/tasks")
    assert [result.key for result in found.values()] == ["", "", "cgroups.answer-wrong", ""]
    assert found["cgexec-is-told"].params == {"tool": "cgexec", "call": "write", "path": f"{ROOT}/traced/tasks"}


def test_what_is_missing_is_told_without_the_answer(kernel: FakeKernel) -> None:
    result = answer(kernel, f"cgcreate mkdir {ROOT}/traced")["cgcreate-is-told"]
    assert (result.key, result.params) == (
        "cgroups.answer-missing",
        {"tool": "cgcreate", "call": "open", "number": "2"},
    )
    assert "subtree_control" not in str(result.as_json())


@pytest.mark.parametrize(
    "line", ["cgset", "cgset write", f"cgget write {ROOT}", "cgset chmod /x", "cgset write x", "a"]
)
def test_a_line_of_another_form_is_shown(kernel: FakeKernel, line: str) -> None:
    assert {result.key for result in answer(kernel, line).values()} == {"cgroups.answer-form"}


def test_no_file_or_one_that_is_none_is_said(kernel: FakeKernel) -> None:
    assert {r.key for r in REGISTRY.run("cgroups/traced", kernel.context())} == {"cgroups.no-answers"}
    (kernel.folder / "files/root/lab/traced").mkdir(parents=True)
    assert {r.key for r in REGISTRY.run("cgroups/traced", kernel.context())} == {"cgroups.no-answers"}


def test_an_endless_file_is_read_to_a_bound(kernel: FakeKernel) -> None:
    result = answer(kernel, "x" * 1_000_000)["cgset-is-told"]
    assert (result.key, len(result.params["line"])) == ("cgroups.answer-form", 200)


def test_without_a_trace_there_is_nothing_to_compare_with(kernel: FakeKernel) -> None:
    kernel.remembered = {}
    assert {result.verdict for result in answer(kernel, RIGHT).values()} == {Verdict.BLOCKED}


def test_the_scenes_traces_are_remembered_under_the_students_name(kernel: FakeKernel) -> None:
    folder = kernel.folder / "files/run/labs-traced"
    folder.mkdir(parents=True)
    for tool in TOOLS:
        (folder / tool).write_text(CGCREATE)
    remembered = REGISTRY.remember("cgroups/traced", kernel.context())
    assert remembered == {"traces": {tool: [list(did) for did in CREATED] for tool in TOOLS}}


def test_a_trace_of_nothing_is_an_error_of_ours(kernel: FakeKernel) -> None:
    folder = kernel.folder / "files/run/labs-traced"
    folder.mkdir(parents=True)
    for tool in TOOLS:
        (folder / tool).write_text("6 +++ exited with 0 +++\n")
    with pytest.raises(LookupError):
        REGISTRY.remember("cgroups/traced", kernel.context())


@pytest.mark.parametrize(
    ("line", "did"),
    [
        (f'mkdirat(AT_FDCWD, "{ROOT}/a", 0755) = 0', ("mkdir", f"{ROOT}/a")),
        (f'unlinkat(AT_FDCWD</>, "{ROOT}/a", AT_REMOVEDIR) = 0', ("rmdir", f"{ROOT}/a")),
        (f'unlinkat(AT_FDCWD</>, "{ROOT}/a", 0) = 0', None),
        (f'[pid    12] rmdir("{ROOT}/a/") = 0', ("rmdir", f"{ROOT}/a")),
        (f'rmdir("{ROOT}/a") = -1 EBUSY (Device or resource busy)', None),
        (f'creat("{ROOT}/a", 0644) = 3', ("open", f"{ROOT}/a")),
        (f'open("{ROOT}/a", O_WRONLY|O_TRUNC) = 3<{ROOT}/a>', ("open", f"{ROOT}/a")),
        (f'write(3<{ROOT}/a>, "x", 1) = -1 EINVAL (Invalid argument)', None),
        (f'openat(AT_FDCWD, "{ROOT}s/a", O_WRONLY) = 3', None),
        (f'openat(AT_FDCWD, "{ROOT}/traced-by-scenery", O_WRONLY) = 3', ("open", f"{ROOT}/traced-by-scenery")),
        (f'execve("{ROOT}/a", ["x"], 0x1 /* 13 vars */) = 0', None),
    ],
)
def test_a_line_of_strace_tells_what_it_changed(line: str, did: tuple[str, str] | None) -> None:
    assert traced(line) == ([] if did is None else [did])
