"""Whether KVM answers: tried with programs in place of QEMU, so that one can hang."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib.machine.qemu import kvm
from lablib.machine.qemu.emulator import Emulator
from lablib.machine.qemu.images import Image, Unpacked
from lablib.machine.qemu.kvm import Kvm
from tests.guests import children

Fake = Callable[[str], tuple[Emulator, Image]]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """An emulator that is a script, and an image for it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(Image, "kernel", lambda self: Unpacked(b"a kernel", 1))
    (tmp_path / "vmlinuz").write_bytes(b"packed")

    def make(script: str) -> tuple[Emulator, Image]:
        program = tmp_path / "qemu"
        program.write_text(f"#!/bin/sh\necho begun >> {tmp_path}/begun\n{script}\n")
        program.chmod(0o755)
        return Emulator(str(program), "x86_64", kvm=True), Image("6.1", tmp_path / "vmlinuz", tmp_path)

    return make


def test_where_the_kernel_powers_off_it_answers(fake: Fake) -> None:
    assert kvm.answers(*fake("exit 0"))


def test_where_qemu_cannot_use_it_it_does_not(fake: Fake) -> None:
    assert not kvm.answers(*fake("exit 1"))


def test_one_that_hangs_is_waited_for_so_long_and_left_nowhere(fake: Fake) -> None:
    before, began = children(os.getpid()), time.monotonic()
    assert not kvm.answers(*fake("trap '' TERM INT HUP; exec sleep 1000"), seconds=0.3)
    assert time.monotonic() - began < 5
    assert set(children(os.getpid())) <= set(before)


def test_it_is_tried_once_until_the_next_boot(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator, image = fake("exit 1")
    assert not kvm.answers(emulator, image)
    assert not kvm.answers(emulator, image)
    assert (tmp_path / "begun").read_text() == "begun\n"
    (tmp_path / "boot_id").write_text("another boot\n")
    monkeypatch.setattr(kvm, "_BOOT", tmp_path / "boot_id")
    assert not kvm.answers(emulator, image)
    assert (tmp_path / "begun").read_text() == "begun\n" * 2


def test_what_is_not_there_or_not_for_us_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "kvm"
    assert kvm.look(str(device)) is Kvm.NONE
    device.touch()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for mode, group, expected in (
        (0o600, 0, Kvm.CLOSED),
        (0o660, 0, Kvm.CLOSED),  # root's own group is nothing for a guest
        (0o660, 104, Kvm.UNTRIED),
        (0o640, 104, Kvm.CLOSED),
        (0o666, 0, Kvm.UNTRIED),
    ):
        monkeypatch.setattr(os, "stat", lambda _path, m=mode, g=group: os.stat_result((m, 0, 0, 1, 0, g, 0, 0, 0, 0)))
        assert kvm.look(str(device)) is expected, (oct(mode), group)
