"""What a student's work in a chapter comes to, as files to hand in: what tasks ask for in `~/lab`, scripts of what they
typed, and their answers."""

from __future__ import annotations

import re
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

MAX_INCLUDED = 64 << 10
"""Bytes of a file that a script has in it."""
_MOST_INCLUDED = 16
_HEAD = "#!/bin/bash\n"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WRITES = r"(?:>|>>|\btee(?:\s+-a)?|\s-o)\s*(?:~/lab/|\./)?"


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
    if task.id not in typed:
        return {}
    return {f"{task.id}.sh": f"{_HEAD}{_included(chapter.id, typed[task.id])}{typed[task.id]}".encode()}


def _included(chapter: str, typed: str) -> str:
    """What makes the files of `~/lab` that `typed` names and does not write itself: most were written in an editor, of
    which a history tells nothing. Short texts, that is; the rest is the student's to see to."""
    made = []
    for name in filter(_PLAIN.fullmatch, kept_names(chapter)):
        word = rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)"
        if re.search(word, typed) and not re.search(f"{_WRITES}{word}", typed):
            content = kept(chapter, name)
            text = content.decode("utf-8", "replace")
            if len(content) <= MAX_INCLUDED and not {"\0", "\ufffd"} & set(text):
                made.append(_made(name, text))
    return "".join(made[:_MOST_INCLUDED])


def _made(name: str, text: str) -> str:
    """A here-document that makes the file."""
    end, lines = "END", text.split("\n")
    while end in lines:
        end += "_"
    newline = "" if text.endswith("\n") or not text else "\n"
    executable = f"chmod +x ~/lab/{name}\n" if text.startswith("#!") else ""
    return f"cat > ~/lab/{name} <<'{end}'\n{text}{newline}{end}\n{executable}"


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


def kept_names(chapter: str) -> list[str]:
    """What lies in the chapter's `~/lab` itself, sorted, but for what is hidden."""
    kept = work_folder() / chapter
    try:
        if not kept.with_name(f"{chapter}.tar").exists():
            names = Inside(kept).names("/")
        else:
            with kept.with_name(f"{chapter}.tar").open("rb") as file:
                archive = file.read(MAX_BYTES + 1)
            names = [member.name.decode("utf-8", "replace") for member, _ in members(archive) if member.kind == FILE]
    except (OSError, ValueError):
        return []  # as in `kept`
    return sorted(name for name in names if "/" not in name and not name.startswith("."))


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
