"""A bundle: what a student hands in for one chapter, as a zip (APPNOTE.TXT) of plain files and a manifest.

    CHAPTER/TASK.EXT, answers.toml     as in a folder
    manifest.json                      versions, the digest of each file, what the student's own replay found

It is read without trusting it: nothing is unpacked, a file is read under the very name it is looked for by, and no more
of it than is wanted. The manifest is for people; no mark depends on it.
"""

from __future__ import annotations

import errno
import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lablib.grading.job import digest

SUFFIX = ".zip"
MANIFEST = "manifest.json"
FORM = 1
MAX_BYTES = 4 << 20
"""Of a bundle: the names in one this large are read in a moment."""
MAX_ENTRIES = 1000
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways to compress that Python unpacks in bounded pieces; of the others one step may fill the memory."""
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError, NotImplementedError, RuntimeError, OverflowError
)  # fmt: skip
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time of a zip: what is handed in tells no more than it must, and equal work makes equal bundles."""


@dataclass(frozen=True)
class Bundle:
    """A source that is a bundle."""

    path: Path

    def names(self, folder: str) -> list[str]:
        try:
            with _opened(self.path) as bundle:
                names = bundle.namelist()
        except OSError:
            return []
        if folder:
            start = f"{folder}/"
            return sorted(
                name[len(start) :] for name in names if _is_plain(name) and name.startswith(start) and name != start
            )
        return sorted({name.partition("/")[0] if _is_plain(name) else name for name in names})

    def read(self, path: str, limit: int) -> bytes:
        with _opened(self.path) as bundle:
            try:
                info = bundle.getinfo(path)
            except KeyError:
                raise FileNotFoundError(errno.ENOENT, "not in the bundle", path) from None
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir() or kind not in (0, stat.S_IFREG):
                raise OSError(errno.EINVAL, "not a regular file", path)
            if info.flag_bits & _ENCRYPTED or info.compress_type not in _READABLE:
                raise OSError(errno.EINVAL, "encrypted, or compressed in a way that is not read", path)
            try:
                with bundle.open(info) as file:
                    return file.read(limit)
            except _BROKEN as error:
                raise OSError(errno.EINVAL, f"damaged: {error}", path) from error


def _is_plain(name: str) -> bool:
    """Whether a name is one that no file system could take for another."""
    return not {"", ".", ".."} & set(name.removesuffix("/").split("/")) and "\\" not in name


def fault(path: Path) -> str:
    """Why `path` cannot be read as a bundle; empty where it can."""
    try:
        _opened(path).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _opened(path: Path) -> zipfile.ZipFile:
    """Raises OSError for what is no bundle."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_BYTES >> 20} MiB", str(path))
    try:
        bundle = zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN as error:
        raise OSError(errno.EINVAL, f"not a zip: {error}", str(path)) from error
    names = bundle.namelist()
    if len(names) > MAX_ENTRIES:
        raise OSError(errno.EFBIG, f"more than {MAX_ENTRIES} files", str(path))
    if len(set(names)) < len(names):
        raise OSError(errno.EINVAL, "two files of one name", str(path))
    return bundle


def make_bundle(files: Mapping[str, bytes], facts: Mapping[str, Any]) -> bytes:
    """A bundle of `files` by their names in it; `facts` is what its manifest says besides their digests. Raises
    ValueError where it would be too large to be read."""
    manifest = {"form": FORM, **facts, "files": {name: digest(content) for name, content in sorted(files.items())}}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in [(MANIFEST, to_json(manifest)), *sorted(files.items())]:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            bundle.writestr(info, content)
    if target.tell() > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
    return target.getvalue()


def to_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
