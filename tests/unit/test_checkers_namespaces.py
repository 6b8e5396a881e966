"""What the checks of the namespaces chapter say, state by state."""

from __future__ import annotations

from pathlib import Path

import pytest

import checkers  # noqa: F401 - registers the checks
from checkers.containers import CHILDREN, KINDS, SLIM, WEB
from lablib.verdict import REGISTRY, Result
from tests.unit.fake_kernel import FakeKernel, judge

START_TIME = 22  # what FakeKernel gives every process
ISOLATED = ("ipc", "mnt", "net", "pid", "uts")
INSIDE = ("pid", "net", "uts", "ipc")
ENTERED = {
    "namespaces/enter-uts": ("only-uts", ("uts",)),
    "namespaces/enter-pid-mnt": ("pid-and-mnt", ("pid", "mnt")),
    "namespaces/enter-all": ("every-namespace", ISOLATED),
}
ELSEWHERE = "/proc/version"
"""A file on another file system than those of the tests."""


class Namespaces(FakeKernel):
    """A guest: processes in namespaces, which are numbers: 1 is the student's, 2 that of `web`, 3 that of `slim`."""

    def add(
        self, pid: int, /, name: str = "sleep", arguments: str = "sleep 1d", inner: tuple[int, ...] = (), uid: int = 0,
        children: int | None = 0, own: bool = False, **namespaces: int,
    ) -> None:  # fmt: skip
        """`inner` are its pids below the student's namespace; `children` None for a pid_for_children that leads
        nowhere, 0 for one like its own; `own` for a program of the container's file system."""
        self.process(pid, name, arguments)
        folder = self.folder / "proc" / str(pid)
        numbers = "\t".join(str(number) for number in (pid, pid + 1000, *inner))
        (folder / "status").write_text(f"Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nNSpid:\t{numbers}\n")
        (folder / "ns").mkdir()
        for kind in KINDS:
            (folder / "ns" / kind).symlink_to(f"{kind}:[{namespaces.get(kind, 1)}]")
        if children is not None:
            (folder / "ns" / CHILDREN).symlink_to(f"pid:[{children or namespaces.get('pid', 1)}]")
        program = self.folder / ("own" if own else "elsewhere") / name
        program.parent.mkdir(exist_ok=True)
        if own:
            program.touch()
        elif not program.is_symlink():
            program.symlink_to(ELSEWHERE)
        (folder / "exe").unlink()
        (folder / "exe").symlink_to(program)

    def first(self) -> None:
        """Process 1 of the student, and their shell."""
        self.add(40, "lab-init", "lab-init")
        (self.folder / "proc/40/status").write_text("NSpid:\t40\t1\n")
        self.add(41, "bash", "bash")

    def container(self, pid: int = 50, arguments: tuple[str, ...] = WEB, number: int = 2) -> None:
        self.add(pid, "httpd", " ".join(arguments), inner=(1,), own=True, **dict.fromkeys(ISOLATED, number))

    def map_uids(self, pid: int, text: str) -> None:
        (self.folder / "proc" / str(pid) / "uid_map").write_text(text)

    def proc_of(self, pid: int, number: int, type: str = "proc", over: str = "") -> None:
        """`pid` sees a /proc of the pid namespace `number`."""
        folder = self.folder / "proc" / str(pid)
        mounts = f"1 0 0:1 / / rw - tmpfs t rw\n2 1 0:2 / /proc rw - {type} proc rw\n"
        (folder / "mountinfo").write_text(mounts + (f"3 2 0:1 / {over} rw - tmpfs t rw\n" if over else ""))
        (folder / "root/proc/1/ns").mkdir(parents=True)
        (folder / "root/proc/1/ns/pid").symlink_to(f"pid:[{number}]")


@pytest.fixture
def kernel(tmp_path: Path) -> Namespaces:
    kernel = Namespaces(tmp_path, depth=1)
    kernel.first()
    return kernel


def results(kernel: FakeKernel, task: str) -> dict[str, Result]:
    return judge(task, kernel.context())


def keys(kernel: FakeKernel, task: str) -> dict[str, str]:
    return {id: result.key for id, result in results(kernel, task).items()}


def entered(kernel: FakeKernel, task: str) -> Result:
    return results(kernel, task)[ENTERED[task][0]]


# A container that is entered


@pytest.mark.parametrize("task", ENTERED)
def test_a_sleep_in_just_the_namespaces_asked_for_passes(kernel: Namespaces, task: str) -> None:
    kernel.container()
    kernel.add(60, **dict.fromkeys(ENTERED[task][1], 2))
    assert set(keys(kernel, task).values()) == {""}


@pytest.mark.parametrize("task", ENTERED)
def test_without_one_the_container_is_named_as_the_student_knows_it(kernel: Namespaces, task: str) -> None:
    kernel.container()
    result = entered(kernel, task)
    assert (result.key, result.params["pid"]) == ("namespaces.not-entered", "1050")


@pytest.mark.parametrize("task", ENTERED)
def test_what_the_container_forked_has_not_entered_it(kernel: Namespaces, task: str) -> None:
    kernel.container()
    kernel.add(61, "httpd", " ".join(WEB), inner=(7,), **dict.fromkeys(ISOLATED, 2))
    assert entered(kernel, task).key == "namespaces.not-entered"


@pytest.mark.parametrize("task", ENTERED)
def test_a_step_that_passes_by_is_no_sleep(kernel: Namespaces, task: str) -> None:
    kernel.container()
    kernel.add(60, "bash", "bash", **dict.fromkeys(ENTERED[task][1], 2))
    result = entered(kernel, task)
    assert (result.key, result.params["name"]) == ("namespaces.not-a-sleep", "bash")


def test_a_uts_namespace_of_ones_own_is_another_but_that_of_a_container_of_ours_is_not(kernel: Namespaces) -> None:
    kernel.container()
    kernel.container(51, SLIM, 3)
    assert entered(kernel, "namespaces/enter-uts").key == "namespaces.not-entered"
    kernel.add(60, uts=9)
    result = entered(kernel, "namespaces/enter-uts")
    assert (result.key, result.params["pid"]) == ("namespaces.another-uts", "1060")


@pytest.mark.parametrize(
    ("task", "kinds", "children", "key", "named"),
    [
        ("namespaces/enter-uts", ("uts", "net"), 0, "in-others-too", {"extra": "net"}),
        ("namespaces/enter-uts", ("uts",), 2, "in-others-too", {"extra": "pid"}),
        ("namespaces/enter-pid-mnt", ("pid",), 0, "not-in-all", {"missing": "mnt"}),
        ("namespaces/enter-pid-mnt", ("mnt",), 0, "not-in-all", {"missing": "pid"}),
        ("namespaces/enter-pid-mnt", ("mnt",), 2, "children-only", {}),
        ("namespaces/enter-pid-mnt", ISOLATED, 0, "in-others-too", {"extra": "ipc net uts"}),
        ("namespaces/enter-all", ("pid", "mnt"), 0, "not-in-all", {"missing": "ipc net uts"}),
        ("namespaces/enter-all", ("ipc", "mnt", "net", "uts"), 2, "children-only", {}),
    ],
)
def test_what_is_too_much_or_too_little_is_named(
    kernel: Namespaces, task: str, kinds: tuple[str, ...], children: int, key: str, named: dict[str, str]
) -> None:
    kernel.container()
    kernel.add(60, children=children, **dict.fromkeys(kinds, 2))
    result = entered(kernel, task)
    assert result.key == f"namespaces.{key}"
    assert named.items() <= result.params.items()


def test_of_several_that_went_in_the_nearest_is_judged(kernel: Namespaces) -> None:
    kernel.container()
    kernel.add(60, net=2)
    kernel.add(61, pid=2, inner=(9,))
    kernel.add(62, **dict.fromkeys(ISOLATED, 2))
    result = entered(kernel, "namespaces/enter-pid-mnt")
    assert (result.key, result.params["pid"]) == ("namespaces.in-others-too", "1062")


@pytest.mark.parametrize("task", [*ENTERED, "namespaces/debug"])
def test_the_container_of_the_scene_is_remembered_and_another_with_its_pid_is_not_it(
    kernel: Namespaces, task: str
) -> None:
    with pytest.raises(LookupError):
        REGISTRY.remember(task, kernel.context())
    kernel.container(50, SLIM if task.endswith("debug") else WEB)
    remembered = REGISTRY.remember(task, kernel.context())
    assert remembered == {"container": [50, START_TIME]}
    kernel.remembered = {"container": [50, START_TIME + 1]}
    assert set(keys(kernel, task).values()) == {"namespaces.no-container"}
    kernel.remembered = dict(remembered)
    assert "namespaces.no-container" not in keys(kernel, task).values()


# be-pid-1


def pid_1(kernel: FakeKernel) -> dict[str, str]:
    return keys(kernel, "namespaces/be-pid-1")


def test_process_1_with_its_own_proc_passes_and_a_container_is_not_counted(kernel: Namespaces) -> None:
    kernel.container()
    kernel.proc_of(50, 2)
    assert set(pid_1(kernel).values()) == {"namespaces.no-pid-namespace"}
    kernel.add(60, inner=(1,), pid=9, mnt=9)
    kernel.proc_of(60, 9)
    assert pid_1(kernel) == {"is-pid-1": "", "proc-agrees": ""}


@pytest.mark.parametrize(
    ("number", "type", "over"), [(1, "proc", ""), (9, "tmpfs", ""), (9, "proc", "/proc/1"), (9, "proc", "/proc/1/ns")]
)
def test_a_proc_of_another_namespace_or_a_made_up_one_is_told(
    kernel: Namespaces, number: int, type: str, over: str
) -> None:
    kernel.add(60, inner=(1,), pid=9, mnt=9)
    kernel.proc_of(60, number, type, over)
    assert pid_1(kernel) == {"is-pid-1": "", "proc-agrees": "namespaces.old-proc"}


@pytest.mark.parametrize("children", [9, None])
def test_whose_children_only_would_be_there_has_not_forked(kernel: Namespaces, children: int | None) -> None:
    kernel.container()
    kernel.add(60, "nsenter", "nsenter", children=2)
    kernel.add(61, "unshare", "unshare", children=children)
    result = results(kernel, "namespaces/be-pid-1")["is-pid-1"]
    assert (result.key, result.params["pid"]) == ("namespaces.no-fork", "1061")


def test_what_entered_a_container_is_not_the_first_there(kernel: Namespaces) -> None:
    kernel.container()
    kernel.add(60, inner=(8,), pid=2)
    result = results(kernel, "namespaces/be-pid-1")["is-pid-1"]
    assert (result.key, result.params["inside"]) == ("namespaces.not-the-first", "8")


def test_a_shell_that_is_process_1_is_no_sleep(kernel: Namespaces) -> None:
    kernel.add(60, "bash", "bash", inner=(1,), pid=9)
    kernel.add(61, inner=(2,), pid=9)
    assert set(pid_1(kernel).values()) == {"namespaces.not-a-sleep"}


# fake-root


@pytest.mark.parametrize(
    ("lines", "uid", "key"),
    [
        ("0 1000 1\n", 1000, ""),
        ("0 1001 1\n", 1001, "another-user"),
        ("", 1000, "no-map"),
        ("1000 1000 1\n", 1000, "not-root-inside"),
        ("0 0 1\n", 0, "real-root"),
        ("0 100000 65536\n", 100000, "map-too-wide"),
        ("0 1000 1\n1 100000 65536\n", 1000, "map-too-wide"),
        ("0 1000 1\n", 0, "not-its-owner"),
    ],
)
def test_a_fake_root_is_0_inside_and_somebody_outside(kernel: Namespaces, lines: str, uid: int, key: str) -> None:
    kernel.add(60, uid=uid, user=9)
    kernel.map_uids(60, lines)
    assert keys(kernel, "namespaces/fake-root")["root-inside"] == (key and f"namespaces.{key}")


def test_without_a_user_namespace_there_is_no_fake_root(kernel: Namespaces) -> None:
    kernel.add(60, uid=1000)
    kernel.map_uids(60, "0 1000 1\n")
    assert keys(kernel, "namespaces/fake-root")["root-inside"] == "namespaces.no-user-namespace"


def test_a_shell_that_is_a_fake_root_is_no_sleep(kernel: Namespaces) -> None:
    kernel.add(60, "bash", "bash", uid=1000, user=9)
    kernel.map_uids(60, "0 1000 1\n")
    assert keys(kernel, "namespaces/fake-root")["root-inside"] == "namespaces.not-a-sleep"


# debug


def debugged(kernel: FakeKernel) -> dict[str, str]:
    return keys(kernel, "namespaces/debug")


def test_tools_of_another_file_system_with_the_containers_proc_pass(kernel: Namespaces) -> None:
    kernel.container(51, SLIM, 3)
    kernel.add(60, inner=(5,), mnt=9, **dict.fromkeys(INSIDE, 3))
    kernel.proc_of(60, 3)
    assert set(debugged(kernel).values()) == {""}


def test_tools_with_the_proc_from_outside_are_told_so(kernel: Namespaces) -> None:
    kernel.container(51, SLIM, 3)
    kernel.add(60, inner=(5,), **dict.fromkeys(INSIDE, 3))
    kernel.proc_of(60, 1)
    assert debugged(kernel) == {
        "slim-runs": "", "tools-are-inside": "", "proc-shows-the-container": "namespaces.old-proc",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kinds", "name", "key"),
    [
        ((), "sleep", "no-tools"),
        (("pid",), "sleep", "not-in-all"),
        (INSIDE, "sleep", "own-program"),
        (INSIDE, "bash", "own-program"),
    ],
)
def test_each_state_short_of_tools_has_its_reason(
    kernel: Namespaces, kinds: tuple[str, ...], name: str, key: str
) -> None:
    kernel.container(51, SLIM, 3)
    kernel.add(60, name, name, own=True, **dict.fromkeys(kinds, 3))
    assert debugged(kernel)["tools-are-inside"] == f"namespaces.{key}"


def test_a_tool_that_is_no_sleep_is_told_so(kernel: Namespaces) -> None:
    kernel.container(51, SLIM, 3)
    kernel.add(60, "bash", "bash", **dict.fromkeys(INSIDE, 3))
    assert debugged(kernel)["tools-are-inside"] == "namespaces.not-a-sleep"
