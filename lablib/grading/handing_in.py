"""What a student's work in a chapter comes to, as files to hand in: scripts of what they typed, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lablib.course.structure import Structure
from lablib.errors import LabsError
from lablib.grading.submissions import ANSWERS
from lablib.kernel.inside import Inside
from lablib.machine.agent.tar import FILE, members
from lablib.machine.agent.work import MAX_BYTES
from lablib.machine.claim import work_folder
from lablib.session.typed import TURNS, TYPED, scripts

_HEAD = "#!/bin/bash\n"


def gathered(chapter: Structure, passed: Callable[[str], bool]) -> dict[str, bytes]:
    """The files, by their names in a submission. Answers are those to the questions that `passed` says are answered
    rightly: no other is noted anywhere."""
    typed = scripts(kept_text(chapter.id, TYPED), kept_text(chapter.id, TURNS))
    files = {f"{task.id}.sh": f"{_HEAD}{typed[task.id]}".encode() for task in chapter.tasks if task.id in typed}
    answers = [f"{one.name} = {one.answer}\n" for one in chapter.questions if passed(one.id)]
    if answers:
        files[ANSWERS] = f"[{chapter.id}]\n{''.join(answers)}".encode()
    return files


def kept_text(chapter: str, name: str) -> str:
    """What the file `name` of the chapter's `~/lab` says, as it was kept last; empty where there is none. A guest wrote
    the archive: nothing of it is believed but its bytes."""
    kept = work_folder() / chapter
    try:
        if not kept.with_name(f"{chapter}.tar").exists():
            return Inside(kept).text(f"/{name}", MAX_BYTES)
        with kept.with_name(f"{chapter}.tar").open("rb") as file:
            archive = file.read(MAX_BYTES + 1)
        for member, start in members(archive):
            if member.name == name.encode() and member.kind == FILE:
                return archive[start : start + member.size].decode("utf-8", "replace")
    except (OSError, ValueError):
        pass  # nothing is kept, or it is not what a guest of ours would write: then nothing was gathered
    return ""


def add_missing(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Puts those of `files` into `folder` that have no counterpart there (of any extension): what was edited stays. The
    names of those put. Raises LabsError."""
    put = []
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not any(other.name.partition(".")[0] == path.stem for other in path.parent.iterdir()):
                path.write_bytes(content)
                path.chmod(0o755 if name != ANSWERS else 0o644)
                put.append(name)
    except OSError as error:
        raise LabsError("not-handed-in", path=error.filename or str(folder), reason=error.strerror or "") from error
    return put
