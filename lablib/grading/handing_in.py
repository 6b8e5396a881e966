"""What a student's work in a chapter comes to, as files to hand in: what tasks ask for in `~/lab`, scripts of what they
typed, and their answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from lablib.course.structure import Structure, TaskStructure
from lablib.errors import LabsError
from lablib.grading.submissions import ANSWERS
from lablib.kernel.inside import Inside
from lablib.machine.agent.tar import FILE, members
from lablib.machine.agent.work import MAX_BYTES
from lablib.machine.claim import work_folder
from lablib.session.typed import TURNS, TYPED, scripts

_HEAD = "#!/bin/bash\n"


def gathered(chapter: Structure, passed: Callable[[str], bool], there: Collection[str] = ()) -> dict[str, bytes]:
    """The files, by their names in a submission, but for the tasks that `there` names, of which there is something
    already. Answers are those to the questions that `passed` says are answered rightly: no other is noted anywhere."""
    typed = scripts(_text(chapter.id, TYPED), _text(chapter.id, TURNS))
    files: dict[str, bytes] = {}
    for task in chapter.tasks:
        if task.id not in there:
            files |= _work(chapter, task, typed)
    answers = [f"{one.name} = {one.answer}\n" for one in chapter.questions if passed(one.id)]
    if answers:
        files[ANSWERS] = f"[{chapter.id}]\n{''.join(answers)}".encode()
    return files


def _work(chapter: Structure, task: TaskStructure, typed: Mapping[str, str]) -> dict[str, bytes]:
    """What there is for `task`: the first of the files that it asks for, or what was typed at it."""
    for file in task.files:
        if content := kept(chapter.id, file):
            return {f"{chapter.id}/{file}": content}
    return {f"{task.id}.sh": f"{_HEAD}{typed[task.id]}".encode()} if task.id in typed else {}


def _text(chapter: str, name: str) -> str:
    return kept(chapter, name).decode("utf-8", "replace")


def kept(chapter: str, name: str) -> bytes:
    """What the file `name` of the chapter's `~/lab` holds, as it was kept last; nothing where there is none. A guest
    wrote the archive: nothing of it is believed but its bytes."""
    kept = work_folder() / chapter
    try:
        if not kept.with_name(f"{chapter}.tar").exists():
            return Inside(kept).read(f"/{name}", MAX_BYTES)
        with kept.with_name(f"{chapter}.tar").open("rb") as file:
            archive = file.read(MAX_BYTES + 1)
        for member, start in members(archive):
            if member.name == name.encode() and member.kind == FILE:
                return archive[start : start + member.size]
    except (OSError, ValueError):
        pass  # nothing is kept, or it is not what a guest of ours would write: then nothing was gathered
    return b""


def add_missing(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Puts those of `files` into `folder` that are not there: what was edited stays. The names of those put. Raises
    LabsError."""
    put = []
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(content)
                path.chmod(0o755 if name != ANSWERS else 0o644)
                put.append(name)
    except OSError as error:
        raise LabsError("not-handed-in", path=error.filename or str(folder), reason=error.strerror or "") from error
    return put
