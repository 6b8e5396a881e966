"""The zip that Gradescope makes an autograder's image of ("Autograder Specifications"): setup.sh, run_autograder, and
beside them this checkout without tests and solutions, the course file, and the kernel that guests boot here, which its
images do not have. It needs no privilege that a container is not given by default."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lablib.errors import LabsError
from lablib.machine.agent.guest import MODULES
from lablib.machine.kernels import Kernel
from lablib.state import replace

_PARTS = ("labs", "lablib", "checkers", "content")
_FILES = ("lab", "requirements.lock", "LICENSE")
_LEFT_OUT = frozenset({"__pycache__", "solutions", "wrong", "recorded"})
_MODULES = Path("/usr/lib/uml/modules")
_SETUP = """\
#!/bin/sh
# Once, when the image is made: what the labs need, and the modules of the guests' kernel.
set -eu
cd /autograder/source
if [ -d kernel/modules ]; then mkdir -p /usr/lib/uml && cp -r kernel/modules /usr/lib/uml/; fi
./lab grade --help >/dev/null
.venv/bin/python -c "import markdown_it" # an image without what was to be installed is not to be made
"""
_RUN = """\
#!/bin/sh
# For each submission. It is put into a folder of its own, so that what it holds cannot make it look like several.
set -eu
all=$(mktemp -d)
out=$(mktemp -d)
trap 'rm -rf "$all" "$out"' EXIT
cp -a /autograder/submission "$all/submission"
export LABS_GUEST_KERNEL=/autograder/source/kernel/linux
/autograder/source/lab grade "$all" --out "$out" --format gradescope --lang LANGUAGE COURSE || [ $? -eq 3 ]
mkdir -p /autograder/results
cp "$out/gradescope/submission.json" /autograder/results/results.json
"""


def make_image(
    path: Path, project: Path, kernel: Kernel, release: str, course_file: Path | None, language: str
) -> None:
    """Writes the zip. `release` is that of the kernel. Raises LabsError."""
    course = "--course /autograder/source/course.toml" if course_file else ""
    target = io.BytesIO()
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as image:
            _put(image, "setup.sh", _SETUP.encode(), 0o755)
            run = _RUN.replace("LANGUAGE", language).replace("COURSE", course)
            _put(image, "run_autograder", run.encode(), 0o755)
            if course_file:
                _put(image, "course.toml", course_file.read_bytes())
            for file in _files(project):
                mode = stat.S_IMODE(file.stat().st_mode)
                _put(image, str(file.relative_to(project)), file.read_bytes(), mode)
            _put(image, "kernel/linux", kernel.program.read_bytes(), 0o755)
            for module in MODULES:
                file = _MODULES / release / "kernel" / module
                if file.exists():  # a kernel that was built for the labs needs none
                    _put(image, f"kernel/modules/{release}/kernel/{module}", file.read_bytes())
        replace(str(path.absolute()), target.getvalue())
    except OSError as error:
        raise LabsError("not-handed-in", path=str(path), reason=error.strerror or str(error)) from error


def _files(project: Path) -> Iterator[Path]:
    for name in _FILES:
        yield project / name
    for part in _PARTS:
        for file in sorted((project / part).rglob("*")):
            if file.is_file() and not _LEFT_OUT & set(file.relative_to(project).parts):
                yield file


def _put(image: zipfile.ZipFile, name: str, content: bytes, mode: int = 0o644) -> None:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | mode) << 16
    image.writestr(info, content)
