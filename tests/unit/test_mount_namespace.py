"""A mount namespace is looked at as a whole, and by a thread that leaves everybody else where they are."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lablib.kernel import mount_namespace
from lablib.kernel.mount_namespace import beneath_the_root, every_mount, mount_id
from lablib.kernel.mountinfo import parse


def own() -> list[int]:
    return [mount.id for mount in parse(Path("/proc/self/mountinfo").read_text("utf-8"))]


def test_our_own_namespace_is_what_our_own_mountinfo_says() -> None:
    try:
        found = every_mount(os.getpid())
    except PermissionError:
        pytest.skip("setns(2) into a mount namespace takes CAP_SYS_ADMIN and CAP_SYS_CHROOT")
    assert set(own()) <= {mount.id for mount in found}


def test_looking_moves_nobody_else() -> None:
    before = os.getcwd(), os.stat("/")[:3], own()
    try:
        every_mount(os.getpid())
        beneath_the_root(os.getpid())
    except PermissionError:
        pass  # no less must hold where the kernel refuses
    assert (os.getcwd(), os.stat("/")[:3], own()) == before


def test_more_mounts_than_are_read_are_an_error_and_not_fewer_mounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mount_namespace, "MAX_TEXT", 10)
    with pytest.raises(OSError) as caught:
        every_mount(os.getpid())
    assert caught.value.errno in (errno.EFBIG, errno.EPERM)


def test_a_process_that_has_ended_is_an_error() -> None:
    with pytest.raises(OSError):
        every_mount(2**22 + 1)


def test_a_path_is_on_one_of_our_mounts() -> None:
    assert mount_id("/proc") in own()  # "/" is on none that we see where a chroot(2) put us
    assert mount_id("/proc") != mount_id("/")
    with pytest.raises(FileNotFoundError):
        mount_id("/proc/nothing")
