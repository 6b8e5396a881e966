"""`labs list` and the course map: chapters, tasks, and which of them are passed."""

from __future__ import annotations

import os
import sys

from lablib.course.index import chapters
from lablib.errors import LabsError
from lablib.progress import Progress
from labs.arguments import Arguments

CONTENT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "content")


def run_list(arguments: Arguments, language: str) -> int:
    listed, _ = _course(language)
    if arguments.has("--json"):
        import json

        print(json.dumps({"chapters": listed}, ensure_ascii=False))
        return 0
    sys.stdout.write(_lines(listed))
    return 0
