"""What of a kernel lessons may ask for, found by looking, never by version. Imports next to nothing: a guest's hello
waits for it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PATHS = {"psi": "/proc/pressure", "time_namespace": "/proc/self/ns/time", "loop": "/dev/loop-control"}
_FILE_SYSTEMS = ("squashfs",)


OF_THE_MACHINE = ("initial_user_namespace",)
"""What a world has whose root is the machine's: programs with a set-user-ID bit have an effect, there are extended
attributes of the class `trusted` (xattr(7)), and whatever there is may be changed in place."""


def features(loadable: Iterable[str] = ()) -> list[str]:
    """Names for `needs = ["feature:NAME"]`. `loadable` are file systems that mount(2) would load a module for."""
    with open("/proc/filesystems", encoding="ascii") as file:
        known = {line.split()[-1] for line in file}
    found = [name for name, path in _PATHS.items() if os.path.exists(path)]
    return found + [name for name in _FILE_SYSTEMS if name in known or name in loadable]


def features_of_user_namespace() -> list[str]:
    """The same for who is root in a user namespace alone: what has no namespace of its own belongs to the machine's
    root, such as loop devices and file systems on devices (FS_USERNS_MOUNT in fs/super.c)."""
    return [name for name in features() if name not in ("loop", *_FILE_SYSTEMS)]


def loadable() -> list[str]:
    """The file systems among them that modprobe(8) knows a module of."""
    import subprocess  # no guest needs it

    found = []
    for name in _FILE_SYSTEMS:
        try:
            asked = subprocess.run(["modprobe", "--dry-run", "--quiet", f"fs-{name}"], timeout=5, capture_output=True)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if asked.returncode == 0:
            found.append(name)
    return found
