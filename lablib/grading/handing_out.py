"""What each student gets of the course's secret: their own parameters, in a file of their own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lablib.course.structure import Structure
from lablib.errors import LabsError
from lablib.grading.assignment import Assignment
from lablib.grading.formats import file_name
from lablib.state import replace
from lablib.student import Student


def hand_out(folder: Path, assignment: Assignment, course: Iterable[Structure]) -> int:
    """Writes into `folder` a file for everybody in the list of students; how many. It has the parameters of the whole
    `course`, asked or not: a lesson wants all of them or none. Raises LabsError."""
    secret = assignment.secret
    if secret is None or not assignment.students:
        raise LabsError("nothing-to-draw")
    tasks = {task.id: task.parameters for chapter in course for task in chapter.tasks if task.parameters}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for student in assignment.students:
            own = Student(student, {id: secret.values(student, id, declared) for id, declared in tasks.items()})
            replace(str(folder.absolute() / f"{file_name(student)}.json"), own.to_json())
    except OSError as error:
        raise LabsError("not-handed-in", path=str(folder), reason=error.strerror or str(error)) from error
    return len(assignment.students)
