"""What a lab on a host made and must take away: noted before it exists, one line each, so that whoever comes after a
crash finds all of it.

    container-labs 1
    control +memory /sys/fs/cgroup
    cgroup /sys/fs/cgroup/container-labs-5f0c2a91
    folder /run/container-labs/5f0c2a91
    process 4711 81523

Nobody is asked before a loop device or a key is made, so of these it notes what was there before.

The process that will take it away holds a lock on the file, flock(2), which the kernel releases however that process
ends: a journal that can be locked belongs to nobody any more. A line cut off in the middle was never followed by what
it announces, so it does not count.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

FOLDER = "/run/container-labs"
"""Where root's labs keep theirs: on a tmpfs that a boot empties, as it ends all that is noted there (hier(7))."""
SUFFIX = ".journal"
HEAD = "container-labs 1"
MAX_BYTES = 1 << 20
_TRIES = 20
_ID_BYTES = 4


def folder_of(uid: int) -> str:
    """Where the labs of a user keep their journals; of others than root in their XDG_RUNTIME_DIR, which pam_systemd(8)
    makes, for no environment to change."""
    return FOLDER if uid == 0 else f"/run/user/{uid}/container-labs"


class Kind:
    """What is noted."""

    CONTROL = "control"
    """A controller that a cgroup was made to give its children: `+NAME CGROUP`."""
    CGROUP = "cgroup"
    FOLDER = "folder"
    PROCESS = "process"
    """One that holds namespaces and all mounts in them: its pid and start time."""
    LOOPS = "loops"
    """Loop devices: the lab's work folder, and those that had a file before the lab, each as `NUMBER:DEVICE:INODE`."""
    KEYS = "keys"
    """The keys that were in root's keyring before the lab."""


class Journal:
    """One lab's, open. Raises OSError where it cannot be written."""

    def __init__(self, path: str, *, new: bool = False) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        self._file = os.open(path, flags | (os.O_CREAT | os.O_EXCL if new else 0), 0o600)
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            os.close(self._file)
            raise OSError(errno.EINVAL, "not a file", path)

    @classmethod
    def begin(cls, folder: str) -> Self:
        """A new one in `folder`, ours to clear. Raises OSError."""
        for _ in range(_TRIES):
            try:
                os.makedirs(folder, mode=0o755, exist_ok=True)
                journal = cls(f"{folder}/{os.urandom(_ID_BYTES).hex()}{SUFFIX}", new=True)
            except (FileNotFoundError, FileExistsError):
                continue  # another lab's end removed the folder just now; or it has this very name
            if journal.claim():
                os.write(journal._file, f"{HEAD}\n".encode())
                return journal
            journal.close()  # who sweeps saw it empty, and takes it away
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), folder)

    @property
    def folder(self) -> str:
        """Where it lies, with others and the run folders of their labs."""
        return os.path.dirname(self.path)

    @property
    def name(self) -> str:
        """Of the lab: no other ever had it, as far as chance goes."""
        return os.path.basename(self.path).removesuffix(SUFFIX)

    def claim(self) -> bool:
        """Whether nobody else is to clear it; from then on it is ours."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # Another may have cleared and removed it between our open and our lock.
        return os.fstat(self._file).st_nlink > 0

    def note(self, kind: str, what: str) -> None:
        """That `what` is about to be made. Raises ValueError for a text that is no line."""
        if "\n" in what:
            raise ValueError("a line that is two")
        os.write(self._file, f"{kind} {what}\n".encode(errors="surrogateescape"))

    def entries(self) -> list[tuple[str, str]]:
        """Kind and text of each whole line, in order; none where the first is not ours. Raises OSError."""
        size = min(os.fstat(self._file).st_size, MAX_BYTES)
        return list(parse(os.pread(self._file, size, 0)))

    def close(self) -> None:
        """Gives it up, and with it the claim, unless another process has it from us."""
        os.close(self._file)


def paths(folder: str) -> list[str]:
    """The journals in `folder`, which goes with the last of them."""
    try:
        return sorted(f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(SUFFIX))
    except OSError:
        return []


def parse(data: bytes) -> Iterator[tuple[str, str]]:
    """The entries of a journal's content, up to its last whole line."""
    head, *lines = data[: data.rfind(b"\n") + 1].decode(errors="surrogateescape").split("\n")
    if head == HEAD:
        for line in lines[:-1]:
            kind, _, what = line.partition(" ")
            yield kind, what
