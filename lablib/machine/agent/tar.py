"""As much of tar(5) as a work folder needs: files, folders and symbolic links, with GNU's headers for long names.

Not `tarfile`: to import it takes a guest 40 ms on the way to the student's shell, and it unpacks far more than this.
What any tar(1) can list, `members` need not take: an archive is either whole and one of ours, or refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 512
END = bytes(2 * BLOCK)
FILE, LINK, FOLDER = b"0", b"2", b"5"
_LONG_NAME, _LONG_LINK = b"L", b"K"
_HEADER = struct.Struct("100s8s8s8s12s12s8s1s100s8s64s16s155s12x")
_MAGIC = b"ustar  \0"
_SHORT = 100
_LONG = 4096
"""Bytes of the longest name or link: PATH_MAX."""


class Member(NamedTuple):
    """What an archive says of one file. Times are whole seconds; ids and times that tar has no room for are cut."""

    name: bytes
    """Relative, its parents are members before it."""
    kind: bytes
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int = 0
    """Of a file's content, which follows, filled up to whole blocks."""
    link: bytes = b""


def header(member: Member) -> bytes:
    """The blocks that stand before the content of `member`."""
    long = _long(_LONG_NAME, member.name) + _long(_LONG_LINK, member.link)
    return long + _block(member)


def filling(size: int) -> bytes:
    """What fills up a content of `size` bytes."""
    return bytes(-size % BLOCK)


def members(archive: bytes) -> list[tuple[Member, int]]:
    """Every member of `archive` and where its content begins. Raises ValueError unless the archive is whole, and each
    name is a new one in a folder that came before: then unpacking into an empty folder cannot leave it."""
    found: dict[bytes, tuple[Member, int]] = {}
    for member, start in _read(archive):
        parent, slash, last = member.name.rpartition(b"/")
        if last in (b"", b".", b"..") or b"\0" in member.name + member.link or member.name in found:
            raise ValueError("a name that none of ours would be")
        if slash and (parent not in found or found[parent][0].kind != FOLDER):
            raise ValueError("a member without its folder")
        found[member.name] = member, start
    return list(found.values())


def _read(archive: bytes) -> Iterator[tuple[Member, int]]:
    at, long = 0, {_LONG_NAME: b"", _LONG_LINK: b""}
    while (block := archive[at : at + BLOCK]) != bytes(BLOCK):
        member = _parse(block)
        at += BLOCK
        start, at = at, at + member.size + len(filling(member.size))
        if at > len(archive):
            raise ValueError("a content that is cut off")
        if member.kind in long:
            if not 0 < member.size <= _LONG + 1:
                raise ValueError("a name without an end")
            long[member.kind] = archive[start : start + member.size - 1]
            continue
        name, link = long[_LONG_NAME] or member.name, long[_LONG_LINK] or member.link
        long = dict.fromkeys(long, b"")
        yield member._replace(name=name.removesuffix(b"/") if member.kind == FOLDER else name, link=link), start
    if archive[at:] != END:
        raise ValueError("no end")


def _long(kind: bytes, text: bytes) -> bytes:
    """The GNU header for a name or link that has no room in a plain one."""
    if len(text) <= _SHORT:
        return b""
    size = len(text) + 1
    return _block(Member(b"././@LongLink", kind, 0, 0, 0, 0, size)) + text + b"\0" + filling(size)


def _block(member: Member) -> bytes:
    name = member.name + (b"/" if member.kind == FOLDER and len(member.name) < _SHORT else b"")
    fields = [
        name[:_SHORT],
        _octal(member.mode, 8),
        _octal(member.uid, 8),
        _octal(member.gid, 8),
        _octal(member.size, 12),
        _octal(member.mtime, 12),
        b" " * 8,
        member.kind,
        member.link[:_SHORT],
        _MAGIC,
        b"",
        b"",
        b"",
    ]
    fields[6] = _octal(sum(_HEADER.pack(*fields)), 7) + b" "
    return _HEADER.pack(*fields)


def _parse(block: bytes) -> Member:
    try:
        fields = _HEADER.unpack(block)
        numbers = [int(field.rstrip(b" \0"), 8) for field in fields[1:7]]
    except (struct.error, ValueError):
        raise ValueError("not a header") from None
    mode, uid, gid, size, mtime, said = numbers
    name, kind, link, magic = fields[0], *fields[7:10]
    summed = sum(block[:148]) + 8 * 0x20 + sum(block[156:])  # its own place counts as blanks
    if said != summed or magic != _MAGIC or min(numbers) < 0:
        raise ValueError("not a header of ours")
    if kind not in (FILE, LINK, FOLDER, _LONG_NAME, _LONG_LINK) or (kind in (LINK, FOLDER) and size):
        raise ValueError("a kind that none of ours is of")
    return Member(name.rstrip(b"\0"), kind, mode, uid, gid, mtime, size, link.rstrip(b"\0"))


def _octal(value: int, width: int) -> bytes:
    digits = width - 1
    return b"%0*o\0" % (digits, min(max(value, 0), 8**digits - 1))
