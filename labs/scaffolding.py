"""`labs dev new`: a chapter to begin with, in the checkout that the command is run from."""

from __future__ import annotations

import re
from pathlib import Path

from lablib.course.index import chapter_folders
from lablib.errors import LabsError, UsageError
from lablib.i18n import CHECK_MESSAGES, LANGUAGES, catalogue
from labs import course
from labs.exits import ExitCode

TEMPLATE = Path(__file__).with_name("template")
PLACEHOLDER = "NAME"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SCRIPT = 0o755


def run_new(name: str, language: str) -> int:
    """Makes the chapter `name` after those there are. Raises UsageError and LabsError, and then nothing is made."""
    if not _NAME.fullmatch(name):
        raise UsageError("chapter-name", name=name)
    checkers = CHECK_MESSAGES.parent
    module = name.replace("-", "_")
    files = _files(Path(course.CONTENT, f"{_next_number():02}-{name}"), checkers, module, name)
    taken = [path for path in files if path.exists()]
    taken += [Path(folder) for folder in chapter_folders(course.CONTENT) if folder.endswith(f"-{name}")]
    if taken:
        raise UsageError("chapter-exists", path=str(taken[0]))
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            if path.suffix == ".sh":
                path.chmod(_SCRIPT)
        with (checkers / "__init__.py").open("a", encoding="utf-8") as registry:
            registry.write(f"from checkers import {module} as {module}\n")
    except OSError as error:
        raise LabsError("chapter-not-made", path=error.filename or "", reason=error.strerror or str(error)) from error
    print(catalogue(language).text("dev.made", name=name))
    print("\n".join(str(path) for path in files))
    return ExitCode.PASS


def _files(folder: Path, checkers: Path, module: str, name: str) -> dict[Path, str]:
    """What is made, and its text."""
    places = {
        "chapter.toml": folder / "chapter.toml",
        "solutions/mkdir.sh": folder / "solutions/first/mkdir.sh",
        "wrong/a-file.sh": folder / "wrong/first/a-file.sh",
        "checks.py": checkers / f"{module}.py",
    }
    for language in LANGUAGES:
        places[f"{language}.md"] = folder / f"{language}.md"
        places[f"checks.{language}.toml"] = checkers / "messages" / language / f"{module}.toml"
    return {
        path: (TEMPLATE / f"{template}.txt").read_text("utf-8").replace(PLACEHOLDER, name)
        for template, path in places.items()
    }


def _next_number() -> int:
    numbers = [int(Path(folder).name.partition("-")[0]) for folder in chapter_folders(course.CONTENT)]
    return max(numbers, default=0) + 1
