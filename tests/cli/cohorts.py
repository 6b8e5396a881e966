"""Made-up cohorts, and what `labs grade` says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lablib.grading.results import SCHEMA
from tests.cli.conftest import PROJECT

TASK, QUESTION = "cgroups/memory-only", "cgroups/rmdir-not-rm"
SOLUTION = (PROJECT / "content/02-cgroups/solutions/memory-only/leaf-beside.sh").read_bytes()
WRONG = (PROJECT / "content/02-cgroups/wrong/memory-only/sleep-still-inside.sh").read_bytes()
RIGHT, NOT_RIGHT = b"[cgroups]\nrmdir-not-rm = 2\n", b"[cgroups]\nrmdir-not-rm = 1\n"


def hand_in(folder: Path, student: str, content: bytes, name: str = "cgroups/memory-only.sh") -> None:
    path = folder / student / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def answer(folder: Path, student: str, content: bytes = RIGHT) -> None:
    """Hands in answers, which take no machine to grade."""
    hand_in(folder, student, content, "answers.toml")


def results(out: Path) -> dict[str, Any]:
    """What results.json says, once it is seen to keep its own schema; by submission."""
    import jsonschema

    value = json.loads((out / "results.json").read_text("utf-8"))
    jsonschema.validate(value, json.loads(SCHEMA.read_text("utf-8")))
    return {one["submission"]: one for one in value["submissions"]}


def verdicts(out: Path) -> dict[tuple[str, str], str]:
    return {(name, task["task"]): task["verdict"] for name, one in results(out).items() for task in one["tasks"]}


def noted(out: Path) -> list[tuple[str, str]]:
    """The submission and item of every verdict in the record, in order."""
    lines = map(json.loads, (out / "results.jsonl").read_text("utf-8").splitlines())
    return [(line["submission"], line["item"]) for line in lines if "submission" in line]
