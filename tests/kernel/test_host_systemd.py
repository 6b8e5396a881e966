"""The host machine on a machine that systemd runs: a guest whose systemd is the first process of a pid namespace."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from lablib.machine.guest import GuestMachine
from tests.guests import REQUIRE, new_guest, sh
from tests.projects import put_project

COUNT = max(5, int(os.environ.get("LABS_FAULTS", "20")) // 4)
MASKED = (
    "systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket "
    "systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket systemd-journald-audit.socket "
    "systemd-journal-flush.service systemd-logind.service systemd-modules-load.service systemd-remount-fs.service "
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
systemctl is-system-running --wait > /dev/null; systemctl list-units --all --no-legend --no-pager --type scope | wc -l
find /sys/fs/cgroup -name '*container-labs*'; ls -d /run/container-labs /tmp/container-labs*
ps ax -o args | grep -v 'ps ax\\|grep\\|sh -c'; wc -l < /proc/self/mountinfo
"""


def inside(guest: GuestMachine, text: str, timeout: float = 60.0) -> str:
    """What a shell script prints where systemd runs."""
    guest.put("/root/lab/inside.sh", f"cd /root/lab/project\n{text}".encode())
    enter = "nsenter --target $(pgrep -xo systemd) --mount --pid --cgroup"
    return sh(guest, f"{enter} sh /root/lab/inside.sh", timeout)


@pytest.fixture(scope="module")
def systemd(guests_boot: None) -> Iterator[GuestMachine]:
    with new_guest(memory=1 << 30) as guest:
        if "status=0" not in sh(guest, "test -x /lib/systemd/systemd && command -v systemd-run"):
            reason = f"no systemd is installed here; {REQUIRE}=1 makes this a failure"
            (pytest.fail if os.environ.get(REQUIRE) else pytest.skip)(reason)
        put_project(guest)
        assert sh(guest, BOOT, timeout=60) == "status=0"
        yield guest


def test_the_chapter_on_cgroups_is_in_a_scope_that_is_gone_afterwards(systemd: GuestMachine) -> None:
    before = inside(systemd, LEFT)
    said = inside(systemd, "python3 labs/__main__.py run cgroups --on host --json", timeout=300)
    steps = {step["id"]: step for step in json.loads(said.splitlines()[0])["steps"]}
    assert {name: step["problems"] for name, step in steps.items() if step["state"] == "failed"} == {}
    lacking = {need for step in steps.values() for need in step["lacking"]}
    assert lacking == {"feature:root_cgroup", "feature:systemd_bus"}
    assert ".scope" in steps["systemd-cgls"]["output"]
    assert "container-labs-" in steps["systemd-cgls"]["output"]
    assert inside(systemd, LEFT) == before


def test_one_that_is_struck_leaves_nothing_and_systemd_keeps_no_scope_of_it(systemd: GuestMachine) -> None:
    before = inside(systemd, LEFT)
    said = inside(systemd, f"python3 -m tests.faults host {COUNT}", timeout=60 + 20 * COUNT)
    found = json.loads(said.splitlines()[0])
    print(f"host with systemd: struck {found['struck']} times, left {len(found['left'])} things")
    assert found["left"] == []
    assert found["passed"] > 0
    assert inside(systemd, LEFT) == before
