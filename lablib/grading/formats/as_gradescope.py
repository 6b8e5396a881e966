"""results.json of a Gradescope autograder ("Autograder Specifications"), one for each submission: what the harness
shows to the student. Gradescope measures the score by points that are set there once; what could not be graded must not
cost any, so the score is what was earned of the rest, carried over to all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lablib.grading.formats import Files, file_name, outcome
from lablib.i18n import Catalogue

FOLDER = "gradescope"
_STATUS = {"pass": "passed", "fail": "failed"}


def render(results: Mapping[str, Any], words: Catalogue) -> Files:
    files = {}
    for one in results["submissions"]:
        text = json.dumps(for_student(one, words), ensure_ascii=False, indent=1)
        files[f"{FOLDER}/{file_name(one['submission'])}.json"] = f"{text}\n"
    return files


def for_student(one: Mapping[str, Any], words: Catalogue) -> dict[str, Any]:
    """What Gradescope is to know of one submission. Without a score, which is where nothing could be graded, it says
    that the autograder failed."""
    value: dict[str, Any] = {
        "execution_time": round(sum(task["seconds"] for task in one["tasks"])),
        "output": one["fault"] or words.text("report.graded", labs=_count(one)),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(task, words) for task in one["tasks"]],
    }
    if one["max_points"]:
        every = sum(task["max_points"] for task in one["tasks"])
        value["score"] = round(one["points"] * every / one["max_points"], 4)
    return value


def _count(one: Mapping[str, Any]) -> str:
    passed = sum(task["verdict"] == "pass" for task in one["tasks"])
    return f"{passed}/{len(one['tasks'])}"


def _test(task: Mapping[str, Any], words: Catalogue) -> dict[str, Any]:
    value = {
        "name": f"{task['task']}: {task['title']}",
        "name_format": "text",
        "output": outcome(task),
        "output_format": "text",
        "visibility": "visible",
    }
    if task["score"] is None:
        apart = words.text(f"report.{task['verdict']}")
        return value | {"output": f"{apart}\n{value['output']}"}
    score = {"score": task["points"], "max_score": task["max_points"]}
    return value | score | {"status": _STATUS[task["verdict"]]}
