"""Files below a root that belongs to somebody else, read without trusting what they put there: no link leads out of it,
nothing that waits is opened, and sizes are bounded. Source: openat2(2)."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lablib.kernel import syscalls

MAX_BYTES = 64 * 1024
MAX_ENTRIES = 4096

_OPENAT2 = 437
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_IN_ROOT = 0x10


@dataclass(frozen=True)
class Inside:
    """What lies below `root`, by absolute paths as one sees them who has it for `/`. Every method raises OSError, for
    what is not there FileNotFoundError or NotADirectoryError."""

    root: Path = Path("/")

    def lstat(self, path: str) -> os.stat_result:
        """Of the thing itself, not of what a symbolic link leads to."""
        with self._opened(path, os.O_PATH | os.O_NOFOLLOW) as descriptor:
            return os.fstat(descriptor)

    def stat(self, path: str) -> os.stat_result:
        with self._opened(path, os.O_PATH) as descriptor:
            return os.fstat(descriptor)

    def link(self, path: str) -> str:
        """What a symbolic link says. Raises OSError(EINVAL or ENOENT) for anything else."""
        with self._opened(path, os.O_PATH | os.O_NOFOLLOW) as descriptor:
            return os.readlink("", dir_fd=descriptor)  # an empty path is the descriptor's own link (readlinkat(2))

    def exists(self, path: str) -> bool:
        """Whether there is something called so, even a symbolic link that leads nowhere."""
        try:
            self.lstat(path)
        except OSError:
            return False
        return True

    def read(self, path: str, limit: int = MAX_BYTES) -> bytes:
        """The first `limit` bytes of a regular file. Raises OSError(EINVAL) for anything else, such as a pipe."""
        with self._opened(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY) as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            return os.read(descriptor, limit)

    def text(self, path: str, limit: int = MAX_BYTES) -> str:
        """The same as text; what is not UTF-8 is replaced."""
        return self.read(path, limit).decode("utf-8", errors="replace")

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted, `MAX_ENTRIES` at most."""
        with self._opened(path, os.O_RDONLY | os.O_DIRECTORY) as descriptor, os.scandir(descriptor) as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False))

    def xattr(self, path: str, name: str) -> bytes | None:
        """An extended attribute; None where there is none called so."""
        with self._opened(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY) as descriptor:
            try:
                return os.getxattr(descriptor, name)
            except OSError as error:
                if error.errno in (errno.ENODATA, errno.ENOTSUP):
                    return None
                raise

    @contextmanager
    def _opened(self, path: str, flags: int) -> Iterator[int]:
        root = os.open(self.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # struct open_how: flags, mode, resolve
            how = struct.pack("QQQ", flags | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
            arguments = (root, os.fsencode(path), ctypes.c_char_p(how), ctypes.c_size_t(len(how)))
            descriptor = syscalls.syscall("openat2", _OPENAT2, *arguments, subject=path)
        finally:
            os.close(root)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
