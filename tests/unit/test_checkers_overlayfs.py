"""What the checks of the overlayfs chapter say, state by state. Mounts are lines of mountinfo and layers plain folders,
so that nobody has to be root."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import checkers  # noqa: F401 - registers the checks
from lablib.kernel.inside import Inside
from lablib.verdict import Context, Result, Verdict
from tests.unit.fake_kernel import FakeKernel, judge

FIRST = "lowerdir=/lab/first/lower,upperdir=/lab/first/upper,workdir=/lab/first/work"
IMAGE = "lowerdir=app:runtime:base,upperdir=upper,workdir=work"


@dataclass(frozen=True)
class Layers(Inside):
    """Folders with whiteouts and opaque directories, which an ordinary user's file system may refuse."""

    whiteouts: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()

    def lstat(self, path: str) -> os.stat_result:
        if path in self.whiteouts:
            return os.stat_result((stat.S_IFCHR, *[0] * 9), {"st_rdev": 0})
        return super().lstat(path)

    def xattr(self, path: str, name: str) -> bytes | None:
        assert name == "trusted.overlay.opaque"
        return b"y" if path in self.opaque else None


@dataclass
class Lab:
    """A machine with files, and with mounts that a process has."""

    kernel: FakeKernel
    whiteouts: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    device: str = field(init=False)

    def __post_init__(self) -> None:
        found = self.root.stat().st_dev
        self.device = f"{os.major(found)}:{os.minor(found)}"

    @property
    def root(self) -> Path:
        return self.kernel.folder / "files"

    def put(self, **files: str) -> None:
        """Files by their paths below /lab, a dot being a slash."""
        for name, text in files.items():
            self.write(f"/lab/{name.replace('.', '/')}", text)

    def write(self, path: str, text: str = "") -> None:
        where = self.root / path.lstrip("/")
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text)

    def folder(self, path: str) -> None:
        (self.root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def mounts(self, *lines: str, pid: int = 7, namespace: str = "mnt:[1]", shown: int | None = None) -> None:
        """Gives the process `pid` a mount namespace with these mounts: `POINT TYPE OPTIONS [DEVICE]`."""
        self.kernel.process(pid, shown=shown)
        proc = self.kernel.folder / "proc" / str(pid)
        fields = [[*line.split(), self.device][:4] for line in lines]
        text = "".join(
            f"40 1 {device} / {point} rw - {type} x rw,{options}\n" for point, type, options, device in fields
        )
        (proc / "mountinfo").write_text(text)
        (proc / "ns").mkdir(exist_ok=True)
        for link, target in (("ns/mnt", namespace), ("root", str(self.root))):
            (proc / link).unlink(missing_ok=True)
            (proc / link).symlink_to(target)

    def context(self) -> Context:
        context = self.kernel.context()
        return replace(context, files=Layers(context.files.root, self.whiteouts, self.opaque))

    def results(self, task: str) -> dict[str, Result]:
        return judge(f"overlayfs/{task}", self.context())

    def keys(self, task: str) -> dict[str, str]:
        return {id: result.key for id, result in self.results(task).items()}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(FakeKernel(tmp_path))


def passed(lab: Lab, task: str) -> bool:
    return {result.verdict for result in lab.results(task).values()} == {Verdict.PASS}


# first-mount


@pytest.fixture
def first(lab: Lab) -> Lab:
    """All of it but the mount; what the overlay shows is already in its place."""
    for layer, numbers in (("lower", (1, 2, 3)), ("upper", (3, 4))):
        for number in numbers:
            lab.write(f"/lab/first/{layer}/dir/file{number}", f"{layer}\n")
            lab.write(f"/lab/first/merged/dir/file{number}", f"{layer}\n")
    return lab


@pytest.mark.parametrize(
    "options",
    [
        FIRST,
        "lowerdir=lower,upperdir=upper",
        "lowerdir=../first/lower,upperdir=first/upper",
        "lowerdir+=lower,upperdir=upper",
    ],
    ids=["absolute", "relative", "relative to other folders", "as newer mount(8) has it"],
)
def test_the_first_mount_passes_however_its_layers_are_named(first: Lab, options: str) -> None:
    first.mounts(f"/lab/first/merged overlay {options}")
    assert passed(first, "first-mount")


@pytest.mark.parametrize(
    ("mount", "key"),
    [
        ("/lab/first/other overlay lowerdir=lower", "overlayfs.not-mounted"),
        ("/lab/first/merged tmpfs size=1", "overlayfs.another-type"),
        (f"/lab/first/merged overlay {FIRST} 0:99", "overlayfs.another-type"),
        ("/lab/first/merged overlay lowerdir=upper:lower", "overlayfs.no-upper"),
        ("/lab/first/merged overlay lowerdir=upper,upperdir=lower", "overlayfs.swapped"),
        ("/lab/first/merged overlay lowerdir=lower:upper,upperdir=upper", "overlayfs.other-layers"),
        ("/lab/first/merged overlay lowerdir=/lab/nosuch,upperdir=upper", "overlayfs.other-layers"),
    ],
)
def test_each_mount_that_is_not_the_first_one_has_its_reason(first: Lab, mount: str, key: str) -> None:
    first.mounts(mount)
    assert first.keys("first-mount")["merged-is-an-overlay"] == key


def test_what_is_mounted_over_an_overlay_counts_and_not_what_it_hides(first: Lab) -> None:
    first.mounts(f"/lab/first/merged overlay {FIRST}", "/lab/first/merged tmpfs size=1 0:77")
    result = first.results("first-mount")["merged-is-an-overlay"]
    assert (result.key, result.params["type"]) == ("overlayfs.another-type", "tmpfs")


def test_without_its_folder_that_is_the_reason(lab: Lab) -> None:
    assert lab.keys("first-mount")["merged-is-an-overlay"] == "overlayfs.no-folder"


def test_a_mount_in_another_mount_namespace_is_found_and_told_by_the_students_pid(tmp_path: Path, first: Lab) -> None:
    first.kernel.depth = 1
    first.mounts("/ tmpfs size=1", pid=7, shown=1)
    first.mounts(f"/lab/first/merged overlay {FIRST}", pid=812, namespace="mnt:[2]", shown=31)
    (evidence,) = first.results("first-mount")["merged-is-an-overlay"].evidence
    assert evidence.source == "/proc/31/mountinfo"


def test_a_mount_that_only_we_have_counts_for_nothing(first: Lab) -> None:
    first.kernel.depth = 1
    first.mounts(f"/lab/first/merged overlay {FIRST}", pid=3)
    assert first.keys("first-mount")["merged-is-an-overlay"] == "overlayfs.not-mounted"


@pytest.mark.parametrize("type", ["fuse", "fuse.sshfs", "fuseblk", "autofs"])
def test_where_a_process_serves_files_nothing_is_looked_at(first: Lab, type: str) -> None:
    first.mounts(f"/lab/first/merged overlay {FIRST}", f"/lab {type} user_id=0")
    assert first.keys("first-mount")["four-files-are-seen"] == "overlayfs.not-mounted"


def test_a_file_that_both_layers_should_have_and_its_words_are_asked_for(first: Lab) -> None:
    first.mounts(f"/lab/first/merged overlay {FIRST}")
    first.write("/lab/first/merged/dir/file3", "lower\n")
    assert first.keys("first-mount")["four-files-are-seen"] == "overlayfs.other-word"
    (first.root / "lab/first/lower/dir/file3").unlink()
    (first.root / "lab/first/merged/dir/file1").unlink()
    assert first.keys("first-mount")["both-have-a-file3"] == "overlayfs.no-file"
    result = first.results("first-mount")["four-files-are-seen"]
    assert (result.key, result.params) == ("overlayfs.no-file", {"path": "/lab/first/merged/dir/file1"})


def test_a_pipe_in_the_place_of_a_file_is_no_file_and_stops_nobody(first: Lab) -> None:
    first.mounts(f"/lab/first/merged overlay {FIRST}")
    path = first.root / "lab/first/merged/dir/file1"
    path.unlink()
    os.mkfifo(path)
    result = first.results("first-mount")["four-files-are-seen"]
    assert (result.key, result.actual) == ("overlayfs.no-file", "special file")


# copy-up


@pytest.fixture
def site(lab: Lab) -> Lab:
    lab.put(**{"site.lower.config.port": "8080\n", "site.lower.page": "Hello from the image\n"})
    lab.folder("/lab/site/upper")
    return lab


def test_copied_up_passes(site: Lab) -> None:
    site.put(**{"site.upper.config.port": "9090\n", "site.upper.news": ""})
    assert passed(site, "copy-up")


def test_each_state_of_the_site_has_its_reason(site: Lab) -> None:
    assert site.keys("copy-up") == {
        "lower-is-as-it-was": "",
        "the-change-is-in-upper": "overlayfs.not-copied-up",
        "the-new-file-is-in-upper": "overlayfs.no-news",
    }
    site.put(**{"site.upper.config.port": "8080\n", "site.lower.news": ""})
    site.folder("/lab/site/upper/news")
    assert site.keys("copy-up") == {
        "lower-is-as-it-was": "overlayfs.lower-changed",
        "the-change-is-in-upper": "overlayfs.other-port",
        "the-new-file-is-in-upper": "overlayfs.no-news",
    }


# whiteout


@pytest.fixture
def trash(lab: Lab) -> Lab:
    lab.put(
        **{
            "trash.lower.secret": "the password is 201\n",
            "trash.lower.keep": "",
            "trash.lower.cache.a": "",
            "trash.lower.cache.b": "",
        }
    )
    lab.folder("/lab/trash/upper")
    return lab


def test_a_whiteout_and_an_opaque_directory_pass(trash: Lab) -> None:
    trash.whiteouts, trash.opaque = ("/lab/trash/upper/secret",), ("/lab/trash/upper/cache",)
    trash.put(**{"trash.upper.cache.c": ""})
    assert passed(trash, "whiteout")


def test_each_state_of_secret_has_its_reason(trash: Lab) -> None:
    assert trash.keys("whiteout")["secret-is-a-whiteout"] == "overlayfs.not-removed"
    trash.put(**{"trash.upper.secret": ""})
    result = trash.results("whiteout")["secret-is-a-whiteout"]
    assert (result.key, result.params) == ("overlayfs.not-a-whiteout", {"kind": "regular file"})


def test_each_state_of_cache_has_its_reason(trash: Lab) -> None:
    def key() -> str:
        return trash.keys("whiteout")["cache-is-opaque"]

    assert key() == "overlayfs.cache-kept"
    trash.whiteouts = ("/lab/trash/upper/cache",)
    assert key() == "overlayfs.cache-not-made"
    trash.whiteouts = ()
    trash.put(**{"trash.upper.cache.c": ""})
    assert key() == "overlayfs.not-opaque"
    trash.opaque = ("/lab/trash/upper/cache",)
    trash.put(**{"trash.upper.cache.a": ""})
    assert key() == "overlayfs.cache-without-c"


def test_what_is_missing_in_lower_is_told(trash: Lab) -> None:
    (trash.root / "lab/trash/lower/cache/a").unlink()
    assert trash.keys("whiteout")["lower-keeps-everything"] == "overlayfs.lower-lost"


# three-layers


@pytest.fixture
def image(lab: Lab) -> Lab:
    for name in ("base", "runtime", "app", "upper", "merged/opt", "mine"):
        lab.folder(f"/lab/image/{name}")
    lab.write("/lab/image/merged/etc/version", "app\n")
    return lab


def test_three_layers_from_the_top_down_pass(image: Lab) -> None:
    image.mounts(f"/lab/image/merged overlay {IMAGE}")
    assert passed(image, "three-layers")


@pytest.mark.parametrize(
    ("lower", "key"),
    [
        ("base:runtime:app", "overlayfs.wrong-order"),
        ("app:base", "overlayfs.too-few-layers"),
        ("app:app:base", "overlayfs.too-few-layers"),
        ("app:runtime:runtime:base", "overlayfs.wrong-order"),
        ("mine", "overlayfs.unknown-layer"),
        ("app:runtime:base:mine", "overlayfs.unknown-layer"),
    ],
)
def test_layers_that_are_not_those_of_the_image_have_their_reason(image: Lab, lower: str, key: str) -> None:
    image.mounts(f"/lab/image/merged overlay lowerdir={lower},upperdir=upper")
    assert image.keys("three-layers")["the-layers-are-in-order"] == key


def test_a_layer_is_no_place_to_write_to_and_neither_is_nothing(image: Lab) -> None:
    image.mounts("/lab/image/merged overlay lowerdir=runtime:base,upperdir=app")
    assert image.keys("three-layers")["it-can-be-written-to"] == "overlayfs.upper-is-a-layer"
    image.mounts("/lab/image/merged overlay lowerdir=app:runtime:base")
    assert image.keys("three-layers")["it-can-be-written-to"] == "overlayfs.no-upper"


def test_what_is_mounted_read_only_cannot_be_written_to(image: Lab) -> None:
    image.mounts(f"/lab/image/merged overlay ro,{IMAGE}")
    assert image.keys("three-layers")["it-can-be-written-to"] == "overlayfs.read-only"


def test_a_relative_layer_is_looked_for_from_wherever_something_is_mounted_or_should_be(image: Lab) -> None:
    """Here from within `app`, and from a folder of its own where the layers are mounted."""
    image.mounts("/lab/image/merged overlay lowerdir=.:../runtime:../base,upperdir=../upper")
    assert image.keys("three-layers")["the-layers-are-in-order"] == ""
    (image.root / "mnt").mkdir()
    for number, name in enumerate(("app", "runtime", "base")):
        (image.root / f"mnt/{number}").symlink_to(f"/lab/image/{name}")
    image.mounts("/mnt/0 bind x", "/lab/image/merged overlay lowerdir=0:1:2,upperdir=u")
    assert image.keys("three-layers")["the-layers-are-in-order"] == ""


def test_a_removed_file_that_is_seen_is_told(image: Lab) -> None:
    image.mounts(f"/lab/image/merged overlay {IMAGE}")
    image.write("/lab/image/merged/opt/old")
    assert image.keys("three-layers")["the-topmost-wins"] == "overlayfs.old-is-back"


# live-usb


def stick(lab: Lab, below: str, above: str) -> Lab:
    """A folder is on the one file system that there is here, which is said to be a `below` and an `above`."""
    lab.write("/lab/usb/below/etc/hostname", "live\n")
    lab.write("/lab/usb/root/etc/hostname", "mine\n")
    lab.folder("/lab/usb/upper")
    lab.mounts(
        f"/lab/usb/x {below} ro", "/lab/usb/root overlay lowerdir=below,upperdir=upper", f"/lab/usb/y {above} rw"
    )
    return lab


def test_the_file_systems_of_a_live_system_are_told_by_the_devices_its_layers_are_on(lab: Lab) -> None:
    assert stick(lab, "squashfs", "squashfs").keys("live-usb") == {
        "squashfs-is-below": "",
        "tmpfs-is-above": "overlayfs.not-tmpfs",
        "the-host-name-is-yours": "",
    }
    result = stick(lab, "tmpfs", "tmpfs").results("live-usb")["squashfs-is-below"]
    assert result.key == "overlayfs.not-squashfs"
    assert (result.params["layer"], result.params["type"]) == ("below", "tmpfs")


def test_a_live_system_of_another_image_is_told(lab: Lab) -> None:
    stick(lab, "tmpfs", "squashfs").write("/lab/usb/below/etc/hostname", "mine\n")
    assert lab.keys("live-usb")["the-host-name-is-yours"] == "overlayfs.other-image"
