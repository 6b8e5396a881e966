"""Mounts as /proc/PID/mountinfo lists them. Source: proc_pid_mountinfo(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class MountInfo:
    """One mount. Paths are as the process sees them, and may hold any characters that a student thinks of."""

    id: int
    parent: int
    device: str
    """`MAJOR:MINOR` of the file system: the same for each of its mounts."""
    root: str
    """What of the file system is mounted."""
    point: str
    options: tuple[str, ...]
    """Of this mount, such as `ro`."""
    propagation: tuple[str, ...]
    """Such as `shared:1`; empty for a private mount."""
    type: str
    source: str
    super_options: tuple[str, ...]
    """Of the file system, such as `lowerdir=/lab/lower`."""

    def option(self, name: str) -> str | None:
        """The value of the file system's option NAME=VALUE; None where it has none."""
        prefix = f"{name}="
        return next((one.removeprefix(prefix) for one in self.super_options if one.startswith(prefix)), None)

    def layers(self) -> tuple[str, ...]:
        """The lower directories of an overlay, the topmost first: of `lowerdir=A:B`, or of `lowerdir+=A` each on its
        own (Documentation/filesystems/overlayfs.rst)."""
        each = tuple(one.removeprefix("lowerdir+=") for one in self.super_options if one.startswith("lowerdir+="))
        return each or tuple(_plain(layer) for layer in re.split(r"(?<!\\):+", self.option("lowerdir") or "") if layer)


def parse(text: str) -> Iterator[MountInfo]:
    """The mounts in the order the kernel lists them: of two at one place the later hides the earlier. Lines that are
    not of this form are left out."""
    for line in text.splitlines():
        left, dash, right = line.partition(" - ")
        fields, rest = left.split(" "), right.split(" ")
        if not dash or len(fields) < 6 or len(rest) < 3 or not (fields[0].isdigit() and fields[1].isdigit()):
            continue
        yield MountInfo(
            int(fields[0]),
            int(fields[1]),
            fields[2],
            _unescaped(fields[3]),
            _unescaped(fields[4]),
            tuple(fields[5].split(",")),
            tuple(fields[6:]),
            rest[0],
            _unescaped(rest[1]),
            tuple(_unescaped(option) for option in rest[2].split(",")),
        )


def _unescaped(text: str) -> str:
    """Space, tab, newline and backslash, and in an option a comma, are three octal digits behind a backslash."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)


def _plain(layer: str) -> str:
    return layer.replace("\\:", ":")
