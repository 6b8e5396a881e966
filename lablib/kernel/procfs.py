"""Processes as /proc tells them. Source: proc(5).

A process may end between any two reads: what is gone is None or left out, never an error.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lablib.kernel.inside import Inside
from lablib.kernel.mountinfo import MountInfo, parse

_NS_GET_OWNER_UID = 0xB704
"""_IO(0xb7, 4) of linux/nsfs.h."""
_PARENT = 4 - 3
_PROCESS_GROUP = 5 - 3
_SESSION = 6 - 3
_START_TIME = 22 - 3
"""Fields 4, 5, 6 and 22 of /proc/PID/stat, counted from the state, which follows the command's name."""


@dataclass(frozen=True)
class Process:
    """A process for good: a pid is used again, a pid with its start time is not."""

    pid: int
    start_time: int
    """Clock ticks after boot."""


@dataclass(frozen=True)
class ProcFS:
    """A proc file system. `depth` is how many pid namespaces below its own the student lives."""

    root: Path = Path("/proc")
    depth: int = 0

    def pids(self) -> Iterator[int]:
        """Every process, in the order /proc lists them."""
        for name in os.listdir(self.root):
            if name.isdigit():
                yield int(name)

    def process(self, pid: int) -> Process | None:
        """The identity of `pid`; None if there is no such process, or only a zombie of it."""
        stat = self._stat(pid)
        if stat is None or stat[0] in ("Z", "X", "x"):
            return None
        return Process(pid, int(stat[_START_TIME]))

    def is_alive(self, process: Process) -> bool:
        return self.process(process.pid) == process

    def comm(self, pid: int) -> str | None:
        """The name of its program, up to 15 bytes, as the kernel keeps it."""
        text = self._read(pid, "comm")
        return None if text is None else text.rstrip("\n")

    def cmdline(self, pid: int) -> tuple[str, ...] | None:
        """Its arguments; empty for a zombie and for the kernel's own threads."""
        text = self._read(pid, "cmdline")
        return None if text is None else tuple(text.split("\0")[:-1])

    def state(self, pid: int) -> str | None:
        """One letter, such as R, S, T or Z."""
        stat = self._stat(pid)
        return stat[0] if stat else None

    def parent(self, pid: int) -> int | None:
        stat = self._stat(pid)
        return int(stat[_PARENT]) if stat else None

    def process_group(self, pid: int) -> int | None:
        stat = self._stat(pid)
        return int(stat[_PROCESS_GROUP]) if stat else None

    def session(self, pid: int) -> int | None:
        stat = self._stat(pid)
        return int(stat[_SESSION]) if stat else None

    def status(self, pid: int) -> dict[str, str] | None:
        """The fields of /proc/PID/status."""
        text = self._read(pid, "status")
        if text is None:
            return None
        pairs = (line.partition(":") for line in text.splitlines())
        return {name: value.strip() for name, colon, value in pairs if colon}

    def cgroup(self, pid: int) -> str | None:
        """Its path in the cgroup v2 hierarchy, as seen from our cgroup namespace."""
        for line in (self._read(pid, "cgroup") or "").splitlines():
            if line.startswith("0::"):
                return line.removeprefix("0::")
        return None

    def namespace(self, pid: int, kind: str) -> str | None:
        """Such as `pid:[4026531836]`."""
        try:
            return os.readlink(self.root / str(pid) / "ns" / kind)
        except OSError:
            return None

    def uid_map(self, pid: int) -> tuple[tuple[int, int, int], ...]:
        """The lines of /proc/PID/uid_map: first uid inside, first outside as we see it, how many."""
        return _id_map(self._read(pid, "uid_map"))

    def gid_map(self, pid: int) -> tuple[tuple[int, int, int], ...]:
        return _id_map(self._read(pid, "gid_map"))

    def user_namespace_maker(self, pid: int) -> int | None:
        """The uid of who made its user namespace, as outside (NS_GET_OWNER_UID of ioctl_ns(2)); None where we may not
        look."""
        owner = bytearray(4)
        try:
            descriptor = os.open(self.root / str(pid) / "ns" / "user", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.ioctl(descriptor, _NS_GET_OWNER_UID, owner)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return int.from_bytes(owner, sys.byteorder)

    def mounts(self, pid: int) -> tuple[MountInfo, ...]:
        """The mounts in its mount namespace that it can reach; none where it has ended."""
        return tuple(parse(self._read(pid, "mountinfo") or ""))

    def files(self, pid: int) -> Inside:
        """What it has below its `/`, with all that is mounted there in its mount namespace. Whoever looks in there
        waits for a file system whose server does not answer, such as FUSE: `mounts` tells of those."""
        return Inside(self.root / str(pid) / "root")

    def shown_pids(self, pid: int) -> tuple[int, ...]:
        """Its pids in the student's pid namespace and in each below, down to its own: NSpid, which lists one for each
        namespace, ours first. None where the student cannot see it, as it lives in neither."""
        pids = ((self.status(pid) or {}).get("NSpid") or "").split()
        return tuple(int(one) for one in pids[self.depth :])

    def shown_pid(self, pid: int) -> int:
        """The pid under which the student knows it."""
        return next(iter(self.shown_pids(pid)), pid)

    def is_shown(self, pid: int) -> bool:
        """Whether the student can see it: it lives in their pid namespace or one below."""
        return bool(self.shown_pids(pid))

    def program(self, pid: int) -> os.stat_result | None:
        """The file that it executes, as stat(2) tells of it; None for a kernel thread, or where we may not look."""
        try:
            return os.stat(self.root / str(pid) / "exe")
        except OSError:
            return None

    def program_name(self, pid: int) -> str | None:
        """The name of that file, without its folder; None as above. `comm` and `cmdline` are what the process says."""
        try:
            path = os.readlink(self.root / str(pid) / "exe")
        except OSError:
            return None
        return path.removesuffix(" (deleted)").rpartition("/")[2]

    def shown_process(self, pid: int) -> int | None:
        """The process that the student knows as `pid` in the pid namespace of their first shell; None for none."""
        return next((one for one in self.pids() if self.is_shown(one) and self.shown_pid(one) == pid), None)

    def _stat(self, pid: int) -> list[str] | None:
        text = self._read(pid, "stat")
        # The name is in parentheses and may hold spaces and parentheses itself.
        fields = text.rpartition(") ")[2].split() if text else []
        return fields if len(fields) > _START_TIME else None

    def _read(self, pid: int, name: str) -> str | None:
        try:
            return (self.root / str(pid) / name).read_text("utf-8", errors="replace")
        except OSError:
            return None


def _id_map(text: str | None) -> tuple[tuple[int, int, int], ...]:
    rows = [line.split() for line in (text or "").splitlines()]
    return tuple((int(inside), int(outside), int(count)) for inside, outside, count in rows)
