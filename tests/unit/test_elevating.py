"""Who gets root for a lab on this machine itself, who a lab without it, and what they are told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib.errors import LabsError, MachineError
from lablib.machine import rootless
from labs import elevating

User = Callable[..., None]


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> User:
    """Makes us a user at a terminal who answers so, and whose sudo ends so."""

    def make(*, agrees: bool, sudo: int = 0, rootless_can: bool) -> None:
        program = tmp_path / "sudo"
        program.write_text(f"#!/bin/sh\nexit {sudo}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setattr(elevating, "_can_ask", lambda: True)
        monkeypatch.setattr(elevating, "agrees", lambda _question, _out: agrees)
        hindered = None if rootless_can else MachineError("host-no-userns")
        monkeypatch.setattr(rootless, "hindrance", lambda _uid: hindered)

    return make


def test_sudo_that_is_agreed_to_is_used(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    user(agrees=True, rootless_can=True)
    with elevating.sudo_if_agreed("host", "en") as sudo:
        assert sudo
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("agrees", "sudo"), [(False, 0), (True, 1)])
def test_without_it_a_lab_that_can_do_without_is_announced(
    user: User, capsys: pytest.CaptureFixture[str], agrees: bool, sudo: int
) -> None:
    user(agrees=agrees, sudo=sudo, rootless_can=True)
    with elevating.sudo_if_agreed("host", "en") as elevated:
        assert not elevated
    assert "in a user namespace" in capsys.readouterr().err


def test_where_none_can_a_refusal_of_sudos_ends_it(user: User) -> None:
    user(agrees=True, sudo=1, rootless_can=False)
    with pytest.raises(LabsError, match="sudo-refused"), elevating.sudo_if_agreed("host", "en"):
        pass


def test_who_does_not_agree_is_told_by_the_machine_what_is_lacking(
    user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    user(agrees=False, rootless_can=False)
    with elevating.sudo_if_agreed("host", "en") as sudo:
        assert not sudo
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", ["guest", "auto"])
def test_a_guest_needs_neither(user: User, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    user(agrees=True, rootless_can=True)
    with elevating.sudo_if_agreed(kind, "en") as sudo:
        assert not sudo
    assert capsys.readouterr().err == ""
