"""pyghostty's declarations are parsed once; the terminal works the same with what was kept, and without."""

from __future__ import annotations

import marshal
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.cache import cache_file
from tui.terminal.declarations import NAME

USED = """
import sys
from lablib.machine.base import Size
from tui.terminal.ghostty import GhosttyEngine
said = []
engine = GhosttyEngine(Size(20, 3), said.append)
engine.feed("\\x1b[1mbold\\x1b[0m 中文\\r\\n\\x1b[6n".encode())
print([[(run.text, run.sgr) for run in engine.runs(row)] for row in engine.rows()], engine.cursor, said)
print("pycparser" in sys.modules)
"""


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return cache_file(NAME)


def used() -> tuple[str, bool]:
    """What an engine shows and answers in a Python of its own, and whether the declarations were parsed."""
    command = [sys.executable, "-c", USED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    shown, parsed = done.stdout.splitlines()
    return shown, parsed == "True"


def test_they_are_parsed_once(kept: Path) -> None:
    shown, parsed = used()
    assert parsed
    assert shown == "[[('bold', '1'), (' 中文', '')], [], []] Cursor(x=0, y=1, visible=True) [b'\\x1b[2;1R']"
    assert used() == (shown, False)


@pytest.mark.parametrize("content", [b"", b"no", marshal.dumps(1), marshal.dumps(([], {}))])
def test_what_cannot_be_used_is_made_anew(kept: Path, content: bytes) -> None:
    kept.parent.mkdir()
    kept.write_bytes(content)
    assert used()[1]
    assert not used()[1]


def test_what_is_of_another_pyghostty_is_made_anew(kept: Path) -> None:
    used()
    stamp, given = marshal.loads(kept.read_bytes())
    kept.write_bytes(marshal.dumps(([("elsewhere", 0, 0), *stamp[1:]], given)))
    assert used()[1]


def test_declarations_that_the_backend_refuses_are_made_anew(kept: Path) -> None:
    shown, _ = used()
    stamp, given = marshal.loads(kept.read_bytes())
    kept.write_bytes(marshal.dumps((stamp, {**given, "_version": 1})))
    assert used() == (shown, True)


def test_what_somebody_else_could_have_written_is_not_trusted(kept: Path) -> None:
    used()
    kept.chmod(0o666)
    assert used()[1]
