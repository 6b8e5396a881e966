"""What the checks of the container chapter say, part by part. What only a kernel can show, such as a root that is held
open, is shown by the chapter's wrong solutions in a guest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import checkers  # noqa: F401 - registers the checks
from checkers import boxed
from lablib.kernel.mountinfo import MountInfo, parse
from lablib.verdict import Result, Verdict
from tests.unit.fake_kernel import FakeKernel, judge

INIT, BOX = 2, 40
LAB = "43 38 0:20 / / rw - tmpfs tmpfs rw\n46 43 0:27 / /proc rw - proc proc rw\n"
OVERLAY = "69 38 0:35 / / rw - overlay overlay rw,lowerdir={lower},upperdir=/u,workdir=/w\n"
PROC = "70 69 0:37 / /proc rw - proc proc rw\n"
OLD = "71 69 0:20 / {point} rw - tmpfs tmpfs rw\n"
GOOD = {
    "CapInh": "0", "CapPrm": "a1", "CapEff": "a1", "CapBnd": "a1", "CapAmb": "0", "NoNewPrivs": "1", "Seccomp": "2",
}  # fmt: skip


@dataclass
class Kernel(FakeKernel):
    """With a process that is a container, unless a test takes a part away. What is on no file is kept here."""

    roots: dict[int, int] = field(default_factory=dict)
    """The mount on which the root of a process is."""
    whole: dict[int, str] = field(default_factory=dict)
    """The mountinfo of a namespace as a whole, where it is not what its process sees."""

    beneath: dict[int, str] = field(default_factory=dict)
    """What lies beneath the root of a namespace."""

    def __post_init__(self) -> None:
        super().__post_init__()
        path = self.cgroup("box")
        (path / "memory.max").write_text("67108864\n")
        (path / "pids.max").write_text("32\n")
        self.process(INIT, "lab-init", "lab-init")
        self.seen(INIT, LAB, 43, "outside", {})
        self.box(BOX)

    def box(self, pid: int, cgroup: str = "box", name: str = "sleep", own: str = "inside", **status: str) -> None:
        self.process(pid, name, f"{name} 1d", cgroup)
        stat = self.folder / "proc" / str(pid) / "stat"
        stat.write_text(f"{pid} ({name}) S {INIT} " + " ".join(str(n) for n in range(5, 22)) + f" {pid} " + "0 " * 30)
        self.seen(pid, OVERLAY.format(lower="/lab/image") + PROC, 69, own, {**GOOD, **status})

    def seen(self, pid: int, mounts: str, root: int, namespaces: str, status: dict[str, str]) -> None:
        path = self.folder / "proc" / str(pid)
        self.mounted(pid, mounts, root)
        self.proc_of(pid, namespaces)
        with (path / "status").open("a") as file:
            file.write("".join(f"{name}:\t{value}\n" for name, value in status.items()))
        for kind in boxed.KINDS:
            self.namespace(pid, kind, namespaces)
        (path / "fd").mkdir(exist_ok=True)

    def mounted(self, pid: int, mounts: str, root: int = 69) -> None:
        (self.folder / "proc" / str(pid) / "mountinfo").write_text(mounts)
        self.roots[pid] = root

    def proc_of(self, pid: int, namespace: str) -> None:
        """It sees a /proc of that pid namespace."""
        link = self.folder / f"proc/{pid}/root/proc/1/ns/pid"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(f"pid:[{namespace}]")

    def runs(self, pid: int, name: str) -> None:
        """It has become another program."""
        (self.folder / f"proc/{pid}/comm").write_text(f"{name}\n")
        (self.folder / f"proc/{pid}/exe").unlink()
        (self.folder / f"proc/{pid}/exe").symlink_to(f"/usr/bin/{name}")

    def namespace(self, pid: int, kind: str, of: str) -> None:
        link = self.folder / "proc" / str(pid) / "ns" / kind
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(f"{kind}:[{of}]")

    def every_mount(self, pid: int) -> tuple[MountInfo, ...]:
        return tuple(parse(self.whole.get(pid) or (self.folder / f"proc/{pid}/mountinfo").read_text()))

    def mount_id(self, path: Path) -> int:
        return self.roots[int(path.relative_to(self.folder / "proc").parts[0])]

    def crun(self, name: str, status: Any) -> None:
        path = self.folder / "files/run/crun" / name
        path.mkdir(parents=True)
        (path / "status").write_text(status if isinstance(status, str) else json.dumps(status))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(boxed, "every_mount", kernel.every_mount)
    monkeypatch.setattr(boxed, "beneath_the_root", lambda pid: tuple(parse(kernel.beneath.get(pid, ""))))
    monkeypatch.setattr(boxed, "mount_id", kernel.mount_id)
    return kernel


def results(kernel: Kernel, task: str = "by-hand") -> dict[str, Result]:
    return judge(f"container/{task}", kernel.context())


def failed(kernel: Kernel, task: str = "by-hand") -> dict[str, str]:
    return {id: result.key for id, result in results(kernel, task).items() if result.verdict is not Verdict.PASS}


@pytest.mark.parametrize("task", ["own-root", "few-rights", "by-hand"])
def test_a_process_with_every_part_passes(kernel: Kernel, task: str) -> None:
    assert failed(kernel, task) == {}


def test_with_no_sleep_each_check_says_so(kernel: Kernel) -> None:
    kernel.runs(BOX, "bash")
    assert set(failed(kernel).values()) == {"container.no-sleep"}


@pytest.mark.parametrize("kind", boxed.KINDS)
def test_a_namespace_that_is_shared_is_named(kernel: Kernel, kind: str) -> None:
    kernel.namespace(BOX, kind, "outside")
    result = results(kernel)["namespaces-are-its-own"]
    assert (result.key, result.params["kinds"]) == ("container.shared-namespaces", kind)


@pytest.mark.parametrize(
    ("mounts", "root", "key"),
    [
        (OVERLAY.format(lower="image") + PROC, 69, None),
        (OVERLAY.format(lower="/lab/image/../image:/lab/more") + PROC, 69, None),
        (OVERLAY.format(lower="/lab/copy") + PROC, 69, "container.other-layers"),
        (OVERLAY.format(lower="/other/image") + PROC, 69, "container.other-layers"),
        (OVERLAY.format(lower="/lab/image").replace("overlay", "ext4") + PROC, 69, "container.root-is-no-overlay"),
        (PROC, 69, "container.root-is-a-folder"),
    ],
)
def test_the_root_is_an_overlay_on_the_image(kernel: Kernel, mounts: str, root: int, key: str | None) -> None:
    kernel.mounted(BOX, mounts, root)
    assert failed(kernel).get("box-root-is-an-overlay") == key


def test_a_root_that_is_not_the_namespaces_own_is_that_of_chroot(kernel: Kernel) -> None:
    kernel.whole[BOX] = LAB.replace("43 38", "53 38") + OVERLAY.format(lower="/lab/image").replace(" / / ", " / /m ")
    assert failed(kernel) == {"box-old-root-is-gone": "container.only-chroot"}


@pytest.mark.parametrize("point", ["/old", "/"])
def test_an_old_root_that_is_still_mounted_is_named_also_on_top_of_the_new_one(kernel: Kernel, point: str) -> None:
    kernel.mounted(BOX, OVERLAY.format(lower="/lab/image") + OLD.format(point=point) + PROC)
    result = results(kernel)["box-old-root-is-gone"]
    assert (result.key, result.params["point"]) == ("container.old-root-mounted", point)


def test_an_old_root_that_the_new_one_was_moved_over_is_there_still(kernel: Kernel) -> None:
    kernel.beneath[BOX] = OLD.format(point="/")
    assert failed(kernel) == {"box-old-root-is-gone": "container.old-root-beneath"}


@pytest.mark.parametrize(("what", "key"), [("folder", "container.old-root-mounted"), ("file", None)])
def test_a_folder_of_the_old_root_is_a_way_back_and_a_file_is_none(kernel: Kernel, what: str, key: str | None) -> None:
    (kernel.folder / "files/folder").mkdir()
    (kernel.folder / "files/file").touch()
    bound = OLD.format(point="/old").replace(" / /old", f" /{what} /old")
    kernel.mounted(BOX, OVERLAY.format(lower="/lab/image") + bound + PROC)
    assert failed(kernel).get("box-old-root-is-gone") == key


def test_a_root_that_is_the_old_one_has_not_been_left(kernel: Kernel) -> None:
    kernel.mounted(BOX, LAB, 43)
    assert failed(kernel)["box-old-root-is-gone"] == "container.old-root-is-its-root"


def test_a_folder_on_a_mount_of_no_name_is_held(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    (kernel.folder / f"proc/{BOX}/fd/7").mkdir()
    monkeypatch.setattr(boxed, "mount_id", lambda path: 999 if path.name == "7" else kernel.mount_id(path))
    result = results(kernel)["box-old-root-is-gone"]
    assert (result.key, result.params["name"]) == ("container.holds-a-folder", "fd/7")


def test_where_the_namespace_cannot_be_entered_the_machine_is_to_blame(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(pid: int) -> tuple[MountInfo, ...]:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(boxed, "every_mount", refused)
    assert results(kernel)["box-old-root-is-gone"].verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("mounts", "key"),
    [
        ("", "container.no-proc"),
        (PROC.replace("0:37", "0:27").replace("/proc rw -", "/p rw -"), "container.outer-proc"),
    ],
)
def test_a_proc_of_its_own_is_at_proc(kernel: Kernel, mounts: str, key: str) -> None:
    kernel.mounted(BOX, OVERLAY.format(lower="/lab/image") + mounts)
    assert failed(kernel) == {"proc-is-its-own": key}


def test_a_proc_of_another_pid_namespace_or_a_covered_one_is_told(kernel: Kernel) -> None:
    kernel.proc_of(BOX, "between")
    assert failed(kernel) == {"proc-is-its-own": "container.other-proc"}
    kernel.proc_of(BOX, "inside")
    covered = "72 70 0:38 / /proc rw - tmpfs tmpfs rw\n"
    kernel.mounted(BOX, OVERLAY.format(lower="/lab/image") + PROC + covered)
    assert failed(kernel) == {"proc-is-its-own": "container.other-proc"}


@pytest.mark.parametrize(
    ("file", "text", "key"),
    [
        ("memory.max", "max", "container.no-limit"),
        ("pids.max", "max", "container.no-limit"),
        ("memory.max", "67112960", "container.high-limit"),
        ("pids.max", "33", "container.high-limit"),
    ],
)
def test_both_limits_are_there_and_low_enough(kernel: Kernel, file: str, text: str, key: str) -> None:
    (kernel.folder / "cgroup/box" / file).write_text(f"{text}\n")
    assert failed(kernel) == {"box-is-limited": key}


def test_a_limit_of_a_cgroup_above_counts_and_one_beside_does_not(kernel: Kernel) -> None:
    kernel.cgroup("box/inner")
    kernel.cgroup("beside")
    (kernel.folder / f"proc/{BOX}/cgroup").write_text("0::/box/inner\n")
    assert failed(kernel) == {}
    (kernel.folder / f"proc/{BOX}/cgroup").write_text("0::/beside\n")
    assert failed(kernel) == {"box-is-limited": "container.no-limit"}


def test_the_root_cgroup_has_no_limits(kernel: Kernel) -> None:
    (kernel.folder / f"proc/{BOX}/cgroup").write_text("0::/\n")
    assert failed(kernel) == {"box-is-limited": "container.no-limit"}


def test_where_the_labs_root_is_a_part_of_the_tree_the_way_there_is_left_out(kernel: Kernel) -> None:
    (kernel.folder / f"proc/{BOX}/cgroup").write_text("0::/cgroup/box\n")
    assert failed(kernel) == {}


@pytest.mark.parametrize("name", boxed.SETS)
def test_one_capability_too_many_in_any_set_is_named(kernel: Kernel, name: str) -> None:
    kernel.box(BOX, **{name: f"{1 << 21 | 1 << 5:016x}"})
    result = results(kernel)["box-capabilities-are-few"]
    assert (result.key, result.params["set"], result.params["names"]) == (
        "container.too-many-capabilities", name, "CAP_SYS_ADMIN",
    )  # fmt: skip


def test_what_docker_leaves_is_not_too_much(kernel: Kernel) -> None:
    kernel.box(BOX, CapBnd="00000000a80425fb")  # as docker's containers have it
    assert boxed.KEPT == 0xA80425FB
    assert failed(kernel) == {}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"NoNewPrivs": "0"}, {"box-rights-cannot-grow": "container.may-gain"}),
        ({"Seccomp": "0"}, {"box-calls-are-filtered": "container.no-filter"}),
        ({"Seccomp": "1"}, {"box-calls-are-filtered": "container.no-filter"}),
    ],
)
def test_privileges_and_calls(kernel: Kernel, status: dict[str, str], expected: dict[str, str]) -> None:
    kernel.box(BOX, **status)
    assert failed(kernel) == expected


def test_of_several_the_one_with_most_parts_is_judged_and_parts_are_not_gathered(kernel: Kernel) -> None:
    kernel.box(BOX, Seccomp="0")
    kernel.box(BOX + 1, cgroup="", CapBnd="ffffffff")
    assert failed(kernel) == {"box-calls-are-filtered": "container.no-filter"}
    kernel.box(BOX + 2)
    assert failed(kernel) == {}


def test_a_process_that_the_student_cannot_see_is_none(kernel: Kernel) -> None:
    kernel.depth = 1
    assert set(failed(kernel).values()) == {"container.no-sleep"}


# by-crun


def test_a_container_of_cruns_passes(kernel: Kernel) -> None:
    kernel.crun("box", {"pid": BOX})
    assert failed(kernel, "by-crun") == {}


def test_a_container_that_crun_does_not_know_is_none_of_its(kernel: Kernel) -> None:
    assert set(failed(kernel, "by-crun").values()) == {"container.crun-has-none"}


@pytest.mark.parametrize("status", ["", "{", "[]", '{"pid": "40"}', "{}", "null", "[" * 5000], ids=range(7))
def test_a_note_that_makes_no_sense_is_no_note(kernel: Kernel, status: str) -> None:
    kernel.crun("box", status)
    assert set(failed(kernel, "by-crun").values()) == {"container.crun-has-none"}


@pytest.mark.parametrize(
    ("pid", "name", "key"),
    [
        (99, "sleep", "container.crun-has-ended"),
        (BOX, "tail", "container.crun-runs-another"),
        (BOX, "crun:[2:INIT]", "container.crun-is-still-there"),
    ],
)
def test_what_crun_runs_instead_is_told(kernel: Kernel, pid: int, name: str, key: str) -> None:
    kernel.crun("box", {"pid": pid})
    kernel.runs(BOX, name)
    assert set(failed(kernel, "by-crun").values()) == {key}


@pytest.mark.parametrize(("place", "key"), [("lab/image", None), ("lab/other", "container.other-root")])
def test_the_root_of_cruns_container_is_the_image(kernel: Kernel, place: str, key: str | None) -> None:
    for name in ("lab/image", "lab/other"):
        (kernel.folder / "files" / name).mkdir(parents=True)
    kernel.crun("box", {"pid": BOX})
    kernel.mounted(BOX, f"69 38 0:20 /{place} / rw - tmpfs tmpfs rw\n" + PROC)
    root = kernel.folder / f"proc/{BOX}/root"
    root.rename(root.with_name("before"))
    root.symlink_to(kernel.folder / "files" / place)
    assert failed(kernel, "by-crun").get("crun-took-the-image") == key


def test_the_parts_of_cruns_container_are_judged(kernel: Kernel) -> None:
    kernel.crun("box", {"pid": BOX})
    kernel.box(BOX, Seccomp="0")
    assert failed(kernel, "by-crun") == {"crun-filters-calls": "container.no-filter"}
