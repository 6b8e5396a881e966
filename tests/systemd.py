"""A machine that systemd runs: a guest whose systemd is the first process of a pid namespace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lablib.machine.guest import GuestMachine
from tests.guests import REQUIRE, new_guest, sh
from tests.projects import put_project

MASKED = (
    "systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket "
    "systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket systemd-journald-audit.socket "
    "systemd-journal-flush.service systemd-modules-load.service systemd-remount-fs.service "
    "systemd-sysctl.service systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-binfmt.service "
    "dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount"
)
"""What a small system has no use for."""
BOOT = f"""
mkdir -p /etc/systemd/system
for unit in {MASKED}; do ln -sf /dev/null /etc/systemd/system/$unit; done
setsid unshare --mount --pid --fork --mount-proc --kill-child env -i container=test \\
    /lib/systemd/systemd --system --unit=basic.target --log-target=null < /dev/null > /dev/null 2>&1 &
for i in $(seq 200); do
    pid=$(pgrep -xo systemd) && [ -S /proc/$pid/root/run/systemd/private ] && exit 0
    sleep 0.1
done
exit 1
"""
LEFT = """
systemctl is-system-running --wait > /dev/null
find /sys/fs/cgroup -name '*container-labs*'; ls -d /run/container-labs /run/user/*/container-labs /tmp/container-labs*
ps ax -o args | grep -v 'ps ax\\|grep\\|sh -c\\|systemd --user\\|(sd-pam)\\|dbus-daemon --session'
grep -vc ' /run/user/[0-9]* ' /proc/self/mountinfo
"""
"""What a lab could leave behind; systemd's scopes are left out, and what su(1) makes of a session (pam_systemd(8))."""
SCOPES = "systemctl $USER list-units --all --no-legend --no-pager --type scope | wc -l"


@contextmanager
def systemd_guest(*programs: str) -> Iterator[GuestMachine]:
    """One with the project in it. Skips the test, or fails it, where this machine has not all of `programs`."""
    with new_guest(memory=1 << 30) as guest:
        asked = " && ".join(f"command -v {program}" for program in ("/lib/systemd/systemd", "systemd-run", *programs))
        if "status=0" not in sh(guest, asked):
            reason = f"systemd, or one of {programs}, is not installed here; {REQUIRE}=1 makes this a failure"
            (pytest.fail if os.environ.get(REQUIRE) else pytest.skip)(reason)
        put_project(guest)
        assert sh(guest, BOOT, timeout=60) == "status=0"
        yield guest


def inside(guest: GuestMachine, text: str, timeout: float = 60.0) -> str:
    """What a shell script prints where systemd runs."""
    guest.put("/root/lab/inside.sh", f"cd /root/lab/project\n{text}".encode())
    enter = "nsenter --target $(pgrep -xo systemd) --mount --pid --cgroup"
    return sh(guest, f"{enter} sh /root/lab/inside.sh", timeout)
