"""CSV (RFC 4180): a row for each submission, a column with the points of each task. A task that could not be graded, or
was not asked of the submission, is an empty cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from lablib.grading.formats import Files
from lablib.i18n import Catalogue

FILE = "results.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula, which may run programs."""


def render(results: Mapping[str, Any], words: Catalogue) -> Files:
    tasks = [task["task"] for task in results["tasks"]]
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["submission", "student", "score", "points", "max_points", *tasks])
    for one in results["submissions"]:
        points = {task["task"]: task["points"] for task in one["tasks"]}
        row = [_cell(one["submission"]), _cell(one["student"]), one["score"], one["points"], one["max_points"]]
        rows.writerow([*row, *(points.get(task) for task in tasks)])
    return {FILE: text.getvalue()}


def _cell(text: str) -> str:
    """Text that a spreadsheet shows and does not compute: it leaves the apostrophe out."""
    return f"'{text}" if text.startswith(_FORMULA) else text
