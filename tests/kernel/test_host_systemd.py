"""The host machine on a machine that systemd runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from lablib.machine.guest import GuestMachine
from tests.faults import judge
from tests.systemd import LEFT, SCOPES, inside, systemd_guest

COUNT = int(os.environ.get("LABS_FAULTS", "5"))


@pytest.fixture(scope="module")
def systemd(guests_boot: None) -> Iterator[GuestMachine]:
    with systemd_guest() as guest:
        yield guest


def test_the_chapter_on_cgroups_is_in_a_scope_that_is_gone_afterwards(systemd: GuestMachine) -> None:
    before = inside(systemd, LEFT + SCOPES)
    said = inside(systemd, "python3 labs/__main__.py run cgroups --on host --json", timeout=300)
    steps = {step["id"]: step for step in json.loads(said.splitlines()[0])["steps"]}
    assert {name: step["problems"] for name, step in steps.items() if step["state"] == "failed"} == {}
    lacking = {need for step in steps.values() for need in step["lacking"]}
    assert lacking == {"feature:root_cgroup", "feature:systemd_bus"}
    assert ".scope" in steps["systemd-cgls"]["output"]
    assert "container-labs-" in steps["systemd-cgls"]["output"]
    assert inside(systemd, LEFT + SCOPES) == before


def test_one_that_is_struck_leaves_nothing_and_systemd_keeps_no_scope_of_it(systemd: GuestMachine) -> None:
    before = inside(systemd, LEFT + SCOPES)
    said = inside(systemd, f"python3 -m tests.faults host {COUNT}", timeout=60 + 20 * COUNT)
    assert said.endswith("status=0"), said[-2000:]
    judge(said.splitlines()[-2], "host with systemd", COUNT)
    assert inside(systemd, LEFT + SCOPES) == before
