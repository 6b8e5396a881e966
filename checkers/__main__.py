"""`python3 -m checkers TASK [--json] [--lang en|zh]`: grades the state of the machine it runs on, with only Python.

Exit codes: 0 pass, 1 fail, 2 wrong usage, 3 could not be checked.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import time
from pathlib import Path

import checkers  # noqa: F401 - registers the checks
from checkers.here import context_here
from lablib.course.index import chapter_folders
from lablib.course.structure import read_structures
from lablib.grading.report import Report
from lablib.i18n import CHECK_MESSAGES, LANGUAGES, catalogue, preferred_language
from lablib.parameters import Values, defaults
from lablib.verdict import REGISTRY, Verdict, overall

EXITS = {Verdict.PASS: 0, Verdict.FAIL: 1}
USAGE, NOT_CHECKED = 2, 3
CONTENT = Path(__file__).parents[1] / "content"


def main() -> int:
    arguments = _arguments()
    words, sentences = catalogue(arguments.lang), catalogue(arguments.lang, CHECK_MESSAGES)
    if arguments.task not in REGISTRY.tasks():
        near = difflib.get_close_matches(arguments.task, REGISTRY.tasks(), 1, 0) or REGISTRY.tasks()
        print(words.text("error.unknown-task", name=arguments.task), file=sys.stderr)
        print(words.text("remedy.unknown-task", hint=near[0]), file=sys.stderr)
        return USAGE
    began = time.monotonic()
    context = context_here(_parameters(arguments.task))
    if context is None:
        print(words.text("error.host-no-cgroup2"), file=sys.stderr)
        print(words.text("remedy.host-no-cgroup2"), file=sys.stderr)
        return NOT_CHECKED
    results = REGISTRY.run(arguments.task, context)
    report = Report(arguments.task, overall(results), results, "here", time.monotonic() - began)
    if arguments.json:
        print(json.dumps(report.as_json(sentences), ensure_ascii=False))
    else:
        print("\n".join(report.lines(sentences, words)))
    return EXITS.get(report.verdict, NOT_CHECKED)


def _parameters(task: str) -> Values:
    """The course's own: whose else they could be is not known here."""
    chapters = read_structures(map(Path, chapter_folders(str(CONTENT))))
    declared = next((one.parameters for chapter in chapters for one in chapter.tasks if one.id == task), {})
    return defaults(declared)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="checkers", description="Grades the state of this machine.")
    parser.add_argument("task", metavar="TASK", help=", ".join(REGISTRY.tasks()))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lang", choices=LANGUAGES, default=preferred_language())
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
