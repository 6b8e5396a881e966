"""`labs check`: a script in a fresh machine, and this machine as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import PROJECT, Labs

TASK = "cgroups/memory-only"
SOLUTION = PROJECT / "content/02-cgroups/solutions/memory-only/leaf-beside.sh"
WRONG = PROJECT / "content/02-cgroups/wrong/memory-only/sleep-still-inside.sh"


@pytest.mark.kernel
def test_a_solution_passes_in_the_stable_form_and_is_remembered(guest: None, labs: Labs) -> None:
    done = labs("check", TASK, "--script", str(SOLUTION), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert list(value) == ["task", "verdict", "checks", "machine", "seconds", "score"]
    assert (value["task"], value["verdict"], value["machine"]) == (TASK, "pass", "guest")
    assert value["seconds"] > 0
    for check in value["checks"]:
        assert list(check) == ["id", "verdict", "expected", "actual", "why", "evidence"]
        assert check["verdict"] == "pass"
        assert all(list(evidence) == ["source", "text"] for evidence in check["evidence"])
    assert f"✓ {TASK}" in labs("list").stdout


@pytest.mark.kernel
def test_a_wrong_script_from_standard_input_fails_with_the_kernels_rule(guest: None, labs: Labs) -> None:
    done = labs("check", TASK, "--script", "-", "--lang", "en", stdin=WRONG.read_text())
    assert (done.returncode, done.stderr) == (1, "")
    assert "EBUSY" in done.stdout
    assert f"{TASK}: fail" in done.stdout
    assert f"· {TASK}" in labs("list").stdout


def test_without_a_script_it_says_that_it_is_a_self_check_and_notes_nothing(labs: Labs, home: Path) -> None:
    done = labs("check", "cgroups/clean-up", "--lang", "en")
    if "cgroup v2" in done.stderr:
        assert done.returncode == 3, "a machine without it cannot check itself, and says so"
        return
    assert done.returncode in (0, 1)
    assert "self-check" in done.stderr
    assert not (home / ".local/state").exists()
