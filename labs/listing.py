"""`labs list`, and the course map as a list: chapters, tasks and questions, and which are passed."""

from __future__ import annotations

import sys

from lablib.progress import Progress
from labs import course
from labs.arguments import Arguments

PASSED = "✓"
OPEN = {"tasks": "·", "questions": "?"}
"""What marks a row that is not passed, by the kind of row."""


def run_list(arguments: Arguments, language: str) -> int:
    chapters = _chapters(language, Progress())
    if arguments.has("--json"):
        import json

        print(json.dumps({"chapters": chapters}, ensure_ascii=False))
    else:
        sys.stdout.write(_lines(chapters))
    return 0


def print_map(language: str) -> int:
    from lablib.i18n import catalogue

    words = catalogue(language)
    progress = Progress()
    chapters = _chapters(language, progress)
    states = [row["state"] for chapter in chapters for kind in OPEN for row in chapter[kind]]
    print(words.text("map.head", passed=states.count("passed"), total=len(states)))
    print()
    sys.stdout.write(_lines(chapters))
    print()
    print(words.text("map.next", chapter=course.next_chapter(progress)) if "open" in states else words.text("map.all"))
    print(words.text("map.more"))
    return 0


def _chapters(language: str, progress: Progress) -> list[course.Row]:
    if progress.problem:
        from labs import stderr

        stderr.report(progress.problem, language)
    return course.rows(language, progress)


def _lines(chapters: list[course.Row]) -> str:
    lines = []
    for chapter in chapters:
        rows = [(row, mark) for kind, mark in OPEN.items() for row in chapter[kind]]
        width = max((len(row["id"]) for row, _ in rows), default=0)
        lines.append(f"{chapter['id']}  {chapter['title']}\n")
        for row, mark in rows:
            lines.append(f"  {PASSED if row['state'] == 'passed' else mark} {row['id']:<{width}}  {row['title']}\n")
    return "".join(lines)
