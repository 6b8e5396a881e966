"""The course as the command sees it: names of chapters and tasks, and what was passed."""

from __future__ import annotations

import os

from lablib.course.index import chapters
from lablib.errors import LabsError, UsageError
from lablib.progress import Progress
from labs.arguments import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lablib.course.model import Chapter, Task

CONTENT = f"{os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}/content"


def listed(language: str, progress: Progress) -> list[dict[str, object]]:
    """Every chapter, in the form that `labs list --json` prints. Raises LabsError."""
    return [
        {
            "id": chapter.id,
            "title": chapter.title[language],
            "tasks": [
                {
                    "id": task.id,
                    "title": task.title[language],
                    "state": "passed" if progress.passed(task.id) else "open",
                }
                for task in chapter.tasks
            ],
        }
        for chapter in indexed()
    ]
