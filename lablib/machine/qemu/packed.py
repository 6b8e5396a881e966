"""What kernels and their modules are packed with, told by how it begins: xz, zstd or gzip."""

from __future__ import annotations

import lzma
import subprocess
import zlib

_ZSTD_SECONDS = 30.0
_GZIP = 31
"""What zlib calls that form."""


class PackedError(Exception):
    """It cannot be unpacked; the text says why."""


def unpack(data: bytes) -> bytes:
    """`data` as it was before it was packed; itself where it is not. Raises PackedError."""
    try:
        if data.startswith(b"\xfd7zXZ\0"):
            return lzma.decompress(data)
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            return _unzstd(data)
        if data.startswith(b"\x1f\x8b"):
            return zlib.decompress(data, _GZIP)
    except (lzma.LZMAError, zlib.error, OSError, subprocess.SubprocessError) as error:
        raise PackedError(str(error)) from error
    return data


def _unzstd(data: bytes) -> bytes:
    """Python can do it itself from 3.14 on; a distribution that packs so has the program."""
    done = subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, timeout=_ZSTD_SECONDS, check=True)
    return done.stdout
