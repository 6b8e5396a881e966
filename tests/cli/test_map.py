"""`labs` without a command: the map on a terminal, a list anywhere else."""

from __future__ import annotations

import sys

import pexpect
import pytest

from tests.cli.conftest import PROJECT

LABS = str(PROJECT / "labs/__main__.py")


def spawn(environment: dict[str, str], **more: str) -> pexpect.spawn[bytes]:
    env = environment | {"TERM": "xterm-256color"} | more
    return pexpect.spawn(sys.executable, [LABS, "--lang", "en"], env=env, dimensions=(24, 80), timeout=20)


@pytest.mark.parametrize("key", ["\x1b", "q"])
def test_on_a_terminal_one_looks_around_and_goes_again(environment: dict[str, str], key: str) -> None:
    child = spawn(environment)
    child.expect_exact("Container Labs: 0 of")
    child.expect_exact("Namespaces")
    child.send(key)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_from_the_map_a_lesson_is_started(environment: dict[str, str]) -> None:
    child = spawn(environment, LABS_GUEST_KERNEL="/nowhere/linux")
    child.expect_exact("Container Labs: 0 of")
    child.send("\r")
    child.expect_exact("/nowhere/linux")
    child.send("\x11")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3, "there was no machine"


def test_on_a_terminal_that_can_do_nothing_it_is_a_list(environment: dict[str, str]) -> None:
    child = spawn(environment, TERM="dumb")
    child.expect_exact("labs start namespaces")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
