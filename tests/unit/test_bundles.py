"""Bundles that students hand in, whole and hostile ones."""

from __future__ import annotations

import io
import json
import stat
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from lablib.course.index import chapter_folders
from lablib.course.structure import read_structures
from lablib.grading.assignment import Assignment, assignment
from lablib.grading.bundle import MAX_BYTES, MAX_ENTRIES, make_bundle
from lablib.grading.job import digest
from lablib.grading.script import MAX_SCRIPT
from lablib.grading.submissions import Submission, submissions

PROJECT = Path(__file__).parents[2]
TASK, SCRIPT = "cgroups/memory-only", "cgroups/memory-only.sh"


@pytest.fixture(scope="module")
def course() -> Assignment:
    return assignment(read_structures(Path(folder) for folder in chapter_folders(str(PROJECT / "content"))))


def hand_in(folder: Path, content: bytes, name: str = "cgroups-ada.zip") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def only(path: Path, course: Assignment) -> Submission:
    (one,) = submissions([path], course)
    return one


def why_unreadable(path: Path, course: Assignment) -> str:
    one = only(path, course)
    with pytest.raises(OSError) as caught:
        one.content(one.pieces[TASK])
    return caught.value.strerror or ""


def test_a_bundle_says_what_is_in_it_and_reads_back(tmp_path: Path, course: Assignment) -> None:
    files = {SCRIPT: b"true\n", "answers.toml": b"[cgroups]\nrmdir-not-rm = 2\n"}
    content = make_bundle(files, {"student": "ada", "labs": "1"})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["files"] == {name: digest(content) for name, content in files.items()}
    assert (manifest["form"], manifest["student"], manifest["labs"]) == (1, "ada", "1")
    one = only(hand_in(tmp_path, content), course)
    assert (one.name, one.student, one.unread, one.fault) == ("cgroups-ada", "ada", (), "")
    assert one.content(one.pieces[TASK]) == b"true\n"
    assert one.pieces["cgroups/rmdir-not-rm"].answer == 2


def test_equal_work_makes_equal_bundles() -> None:
    files = {SCRIPT: b"true\n"}
    assert make_bundle(files, {"student": "ada"}) == make_bundle(dict(files), {"student": "ada"})


def test_what_could_not_be_read_is_not_made() -> None:
    import random

    with pytest.raises(ValueError, match="MiB"):
        make_bundle({SCRIPT: random.Random(1).randbytes(MAX_BYTES)}, {})


def test_a_folder_may_hold_folders_and_bundles(tmp_path: Path, course: Assignment) -> None:
    (tmp_path / "all/s1/cgroups").mkdir(parents=True)
    hand_in(tmp_path / "all", zipped({SCRIPT: b""}), "cgroups-s2.zip")
    late = hand_in(tmp_path, zipped({SCRIPT: b""}), "whatever it is called.zip")
    found = submissions([tmp_path / "all", late], course)
    names = [("cgroups-s2", "s2"), ("s1", "s1"), ("whatever it is called", "whatever it is called")]
    assert [(one.name, one.student) for one in found] == names


def test_whose_it_is_is_not_for_its_content_to_say(tmp_path: Path, course: Assignment) -> None:
    content = make_bundle({SCRIPT: b""}, {"student": "bob"})
    assert only(hand_in(tmp_path, content), course).student == "ada"


@pytest.mark.parametrize(
    "name",
    ["/cgroups/memory-only.sh", "../cgroups/memory-only.sh", "cgroups/../cgroups/memory-only.sh",
     "./cgroups/memory-only.sh", "cgroups\\memory-only.sh", "cgroups//memory-only.sh", "C:/cgroups/memory-only.sh",
     "x" * 60_000],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_only_a_name(tmp_path: Path, course: Assignment, name: str) -> None:
    one = only(hand_in(tmp_path, zipped({name: b"x"})), course)
    assert not one.pieces and one.unread and not one.fault
    assert [path.name for path in tmp_path.iterdir()] == ["cgroups-ada.zip"]


def test_of_a_bomb_no_more_is_unpacked_than_a_script_may_be(tmp_path: Path, course: Assignment) -> None:
    path = hand_in(tmp_path, zipped({SCRIPT: bytes(1 << 30)}))
    tracemalloc.start()
    began = time.monotonic()
    assert why_unreadable(path, course) == "larger than a script may be"
    assert time.monotonic() - began < 5
    assert tracemalloc.get_traced_memory()[1] < 8 * MAX_SCRIPT + 2 * path.stat().st_size
    tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_unpacks_without_bounds_is_not_read(tmp_path: Path, course: Assignment, method: int) -> None:
    path = hand_in(tmp_path, zipped({SCRIPT: bytes(1 << 26)}, method))
    assert "not read" in why_unreadable(path, course)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFDIR])
def test_what_is_no_plain_file_is_not_read(tmp_path: Path, course: Assignment, kind: int) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        info = zipfile.ZipInfo(SCRIPT)
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert why_unreadable(hand_in(tmp_path, target.getvalue()), course) == "not a regular file"


def test_an_encrypted_file_is_not_read(tmp_path: Path, course: Assignment) -> None:
    content = bytearray(zipped({SCRIPT: b"true\n"}))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + offset] |= 1
    assert "encrypted" in why_unreadable(hand_in(tmp_path, bytes(content)), course)


def test_a_file_that_is_not_what_its_header_says_is_not_read(tmp_path: Path, course: Assignment) -> None:
    content = bytearray(zipped({SCRIPT: b"true\n" * 100}, zipfile.ZIP_STORED))
    content[content.index(b"true")] ^= 1
    assert "damaged" in why_unreadable(hand_in(tmp_path, bytes(content)), course)


def too_many() -> bytes:
    return zipped({f"x{number}": b"" for number in range(MAX_ENTRIES + 1)})


def two_of_one_name() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(SCRIPT, b"false\n")
        with pytest.warns(UserWarning):
            archive.writestr(SCRIPT, b"true\n")
    return target.getvalue()


def hidden_behind_a_null() -> bytes:
    return zipped({SCRIPT: b"a", SCRIPT[:-1] + "_": b"b"}).replace(
        SCRIPT[:-1].encode() + b"_", SCRIPT[:-3].encode() + b".sh"
    )


def directory_elsewhere() -> bytes:
    content = bytearray(zipped({SCRIPT: b""}))
    at = content.index(b"PK\5\6")
    content[at + 16 : at + 20] = struct.pack("<I", 0xFFFFFF)
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"not a zip" * 100, bytes(MAX_BYTES + 1), zipped({SCRIPT: b""})[:-5], too_many(), two_of_one_name(),
     hidden_behind_a_null()],
    ids=["empty", "cut", "text", "large", "no-end", "many", "twice", "twice-again"],
)  # fmt: skip
def test_what_is_no_bundle_is_told_and_costs_no_time(tmp_path: Path, course: Assignment, content: bytes) -> None:
    began = time.monotonic()
    one = only(hand_in(tmp_path, content), course)
    assert time.monotonic() - began < 5
    assert one.fault and not one.pieces


def test_contents_that_are_not_where_they_are_said_to_be_are_not_read(tmp_path: Path, course: Assignment) -> None:
    assert "damaged" in why_unreadable(hand_in(tmp_path, directory_elsewhere()), course)


@pytest.mark.parametrize("seed", range(30))
def test_damage_anywhere_raises_nothing_but_what_is_told(tmp_path: Path, course: Assignment, seed: int) -> None:
    import random

    dice = random.Random(seed)
    content = bytearray(zipped({SCRIPT: b"true\n" * 50, "answers.toml": b"[cgroups]\nrmdir-not-rm = 2\n"}))
    for _ in range(8):
        content[dice.randrange(len(content))] = dice.randrange(256)
    one = only(hand_in(tmp_path, bytes(content)), course)
    for piece in one.pieces.values():
        if not piece.fault:
            try:
                assert len(one.content(piece)) <= MAX_SCRIPT
            except OSError:
                pass  # which is told
