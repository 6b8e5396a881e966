"""What a grader hands to GitHub Classroom's autograding reporter (autograding-grading-reporter), one for each
submission: in a workflow its base64 is the RUNNER_RESULTS of the reporter's environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lablib.grading.formats import Files, file_name, outcome
from lablib.i18n import Catalogue

FOLDER = "classroom"
VERSION = 1
_STATUS = {"pass": "pass", "fail": "fail", "error": "error", "blocked": "error"}


def render(results: Mapping[str, Any], words: Catalogue) -> Files:
    return {
        f"{FOLDER}/{file_name(one['submission'])}.json": json.dumps(_runner(one), ensure_ascii=False, indent=1) + "\n"
        for one in results["submissions"]
    }


def _runner(one: Mapping[str, Any]) -> dict[str, Any]:
    tests = [_test(task) for task in one["tasks"]]
    states = {test["status"] for test in tests} | ({"error"} if one["fault"] else set())
    return {
        "version": VERSION,
        "status": "error" if "error" in states else "fail" if "fail" in states else "pass",
        "max_score": one["max_points"],
        "tests": tests,
    }


def _test(task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": task["task"],
        "status": _STATUS[task["verdict"]],
        "score": task["points"] or 0,
        "message": outcome(task),
        "test_code": f"labs check {task['task']}",
        "filename": "",
        "line_no": 0,
        "duration": round(task["seconds"] * 1000),
    }
