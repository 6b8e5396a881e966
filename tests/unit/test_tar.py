"""The archives of work folders: what tar(1) reads, and nothing that could be unpacked elsewhere."""

from __future__ import annotations

import io
import tarfile

import pytest

from lablib.machine.agent.tar import END, FILE, FOLDER, LINK, Member, filling, header, members


def archive(*parts: tuple[Member, bytes]) -> bytes:
    return b"".join(header(member) + content + filling(len(content)) for member, content in parts) + END


def file(name: bytes, content: bytes = b"") -> tuple[Member, bytes]:
    return Member(name, FILE, 0o644, 1000, 1000, 1_700_000_000, len(content)), content


def folder(name: bytes) -> tuple[Member, bytes]:
    return Member(name, FOLDER, 0o755, 0, 0, 1_700_000_000), b""


def link(name: bytes, to: bytes) -> tuple[Member, bytes]:
    return Member(name, LINK, 0o777, 0, 0, 1_700_000_000, 0, to), b""


GOOD = [
    folder(b"a"),
    file(b"a/new\nline", b"x" * 1000),
    file(b"a/\xff\xfe", b""),
    link(b"root", b"/"),
    folder(b"d" * 150),
    file(b"d" * 150 + b"/" + b"f" * 200, b"long"),
    link(b"far", b"../" * 100),
    folder(b"e" * 99),
    folder(b"e" * 99 + b"/x"),
]


def test_an_archive_is_read_back_as_it_was_written() -> None:
    whole = archive(*GOOD)
    found = members(whole)
    assert [member for member, _ in found] == [member for member, _ in GOOD]
    assert [whole[start : start + member.size] for member, start in found] == [content for _, content in GOOD]


def test_tar_of_the_system_lists_it_too() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive(*GOOD)), encoding="utf-8", errors="surrogateescape") as listed:
        names = [name.encode("utf-8", "surrogateescape") for name in listed.getnames()]
        assert names == [member.name for member, _ in GOOD]
        assert listed.getmember("root").linkname == "/"
        assert listed.getmembers()[1].uid == 1000


def test_ids_and_times_that_tar_has_no_room_for_are_cut() -> None:
    odd = Member(b"odd", FILE, 0o644, 1 << 31, -1, -5)
    ((member, _),) = members(archive((odd, b"")))
    assert (member.uid, member.gid, member.mtime) == (0o7777777, 0, 0)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([file(b"../out")], id="a parent"),
        pytest.param([file(b"/etc/passwd")], id="an absolute name"),
        pytest.param([folder(b"a"), file(b"a/../../out")], id="a parent below"),
        pytest.param([folder(b".")], id="the folder itself"),
        pytest.param([link(b"out", b"/"), file(b"out/planted")], id="through a link"),
        pytest.param([file(b"out"), file(b"out/planted")], id="through a file"),
        pytest.param([link(b"out", b"/etc/passwd"), file(b"out")], id="onto a link"),
        pytest.param([file(b"a/b")], id="without its folder"),
        pytest.param([file(b"")], id="without a name"),
        pytest.param([(Member(b"dev", b"3", 0o666, 0, 0, 0), b"")], id="a device"),
        pytest.param([(Member(b"hard", b"1", 0o666, 0, 0, 0, 0, b"/etc/shadow"), b"")], id="a hard link"),
        pytest.param([(Member(b"x", b"x", 0, 0, 0, 0, 5), b"11 a=b\n")], id="an extended header"),
    ],
)
def test_an_archive_that_could_lead_out_of_the_folder_is_refused(parts: list[tuple[Member, bytes]]) -> None:
    with pytest.raises(ValueError):
        members(archive(*parts))


def test_an_archive_cut_anywhere_is_refused() -> None:
    whole = archive(*GOOD)
    for length in [*range(0, len(whole), 100), len(whole) - 1]:
        with pytest.raises(ValueError):
            members(whole[:length])


def test_an_archive_with_a_changed_byte_in_a_header_is_refused() -> None:
    whole = archive(file(b"name", b"content"))
    for position in [0, 3, 100, 110, 124, 136, 148, 156, 257, 300, 345]:
        with pytest.raises(ValueError):
            members(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])


def test_something_after_the_end_is_refused() -> None:
    with pytest.raises(ValueError):
        members(archive() + b"more")


@pytest.mark.parametrize("field", [b"-000001\0", b"\x80\0\0\0\0\0\0\1", b"        "])
def test_a_number_that_none_of_ours_would_write_is_refused(field: bytes) -> None:
    block = bytearray(header(file(b"name")[0]))
    block[100:108] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with pytest.raises(ValueError):
        members(bytes(block) + END)
