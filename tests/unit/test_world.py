"""The student's world as the mounts it is made of: what differs where its root is not the machine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.machine.agent import world


@pytest.fixture
def host(tmp_path: Path) -> str:
    for name in ("usr", "etc", "dev"):
        (tmp_path / name).mkdir()
    for name in ("null", "zero", "loop-control", "sda"):
        (tmp_path / "dev" / name).touch()
    return str(tmp_path)


def planned(host: str, ids: int) -> str:
    return world.plan("/w", "/u", host, shared=True, ids=ids).describe().replace(host, "")


def test_the_machines_root_has_its_programs_settings_and_devices_copied_on_write(host: str) -> None:
    plan = planned(host, world.ALL_IDS)
    for name in ("usr", "etc", "dev"):
        assert f"lowerdir=/{name},upperdir=/u/{name}/upper,workdir=/u/{name}/work overlay /w/{name}" in plan
    assert "userxattr" not in plan and "gid=5" in plan


@pytest.mark.parametrize(("ids", "group"), [(1, False), (65537, True)])
def test_in_a_user_namespace_devices_are_bound_and_nothing_needs_a_right_outside(
    host: str, ids: int, group: bool
) -> None:
    plan = planned(host, ids)
    assert "workdir=/u/usr/work,userxattr overlay /w/usr" in plan
    assert "/w/etc" not in plan and "mknod" not in plan
    assert [line for line in plan.splitlines() if "bind" in line] == [
        "mount -o bind /dev/null /w/dev/null",
        "mount -o bind /dev/zero /w/dev/zero",
    ]
    assert ("gid=5" in plan) == group, "a group that has no id there cannot be given"
