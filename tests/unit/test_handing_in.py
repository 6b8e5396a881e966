"""What is gathered of a kept work folder: scripts that stand by themselves, and the files that tasks ask for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lablib.course.index import chapter_folders
from lablib.course.structure import Structure, read_structures
from lablib.grading.handing_in import MAX_INCLUDED, add_missing, gathered
from lablib.machine.agent.tar import END, FILE, LINK, Member, filling, header
from lablib.machine.claim import work_folder
from lablib.session.typed import TURNS, TYPED

CONTENT = Path(__file__).parents[2] / "content"
CHAPTERS = {one.id: one for one in read_structures(map(Path, chapter_folders(str(CONTENT))))}
SECCOMP = CHAPTERS["seccomp"]
TURN = "10 begin seccomp/first-filter\n90 end seccomp/first-filter\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    work_folder().mkdir(parents=True)
    return tmp_path


def keep(**files: bytes | str) -> None:
    """A kept archive of the seccomp chapter, with `__` for a dot; links are texts that begin with `->`."""
    archive = b""
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        link = data[2:] if data.startswith(b"->") else b""
        member = Member(name.replace("__", ".").encode(), LINK if link else FILE, 0o644, 0, 0, 0)
        if link:
            archive += header(member._replace(link=link))
        else:
            archive += header(member._replace(size=len(data))) + data + filling(len(data))
    (work_folder() / "seccomp.tar").write_bytes(archive + END)


def script(typed: str, chapter: Structure = SECCOMP, **files: bytes | str) -> str:
    """What is gathered for first-filter of who typed this and has these files."""
    history = "".join(f"#{20 + number}\n{line}\n" for number, line in enumerate(typed.splitlines()))
    keep(**{TYPED.replace(".", "__"): history, TURNS.replace(".", "__"): TURN}, **files)
    return gathered(chapter, lambda _: False)["seccomp/first-filter.sh"].decode()


def test_a_file_that_was_written_in_an_editor_is_in_the_script_before_what_uses_it(home: Path) -> None:
    program = "import os\nEND\nprint('it runs')"
    made = script("nano first.py\npython3 ~/lab/first.py &", first__py=program, other__py="not named")
    assert "other" not in made and made.endswith("nano first.py\npython3 ~/lab/first.py &\n")
    (home / "lab").mkdir()
    subprocess.run(["bash", "-c", made.split("nano")[0]], env={"HOME": str(home)}, check=True)
    assert (home / "lab/first.py").read_text() == program + "\n"


def test_a_program_can_be_executed_again(home: Path) -> None:
    made = script("./first &", first="#!/bin/sh\n")
    assert "chmod +x ~/lab/first\n" in made


@pytest.mark.parametrize(
    "typed",
    [
        "echo a >> notes", "echo a > ~/lab/notes", "echo a >./notes", "ls | tee -a notes", "strace -o notes true",
        "cat notes.old", "cat notes-2", "cat my.notes", "cat /tmp/xnotes",
    ],
)  # fmt: skip
def test_what_the_script_writes_itself_or_does_not_name_is_not_in_it(typed: str) -> None:
    assert script(typed, notes="old") == f"#!/bin/bash\n{typed}\n"


@pytest.mark.parametrize("content", [b"\x7fELF\x00\x01", b"\xff\xfe", b"x" * (MAX_INCLUDED + 1), b"->/etc/passwd"])
def test_what_is_no_short_text_is_not_in_a_script(content: bytes) -> None:
    assert script("cat notes", notes=content) == "#!/bin/bash\ncat notes\n"


def test_names_that_a_shell_would_read_otherwise_are_left_out() -> None:
    keep(**{"a b": "x", "$(id)": "x", "-n": "x"})
    assert gathered(SECCOMP, lambda _: False) == {}


def test_files_that_tasks_ask_for_are_gathered_in_place_of_scripts_but_not_beside_what_is_there() -> None:
    keep(no_users="x", **{"no-users__bpf": b"\x20\x00", "minimal-kill": b"\x7fELF", "minimal-kill__txt": "read\n"})
    assert gathered(SECCOMP, lambda _: False) == {
        "seccomp/no-users.bpf": b"\x20\x00",
        "seccomp/minimal-kill": b"\x7fELF",
    }
    assert list(gathered(SECCOMP, lambda _: False, {"seccomp/no-users"})) == ["seccomp/minimal-kill"]


def test_what_was_edited_stays(tmp_path: Path) -> None:
    folder = tmp_path / "seccomp-ada"
    assert add_missing(folder, {"seccomp/no-users.bpf": b"a"}) == ["seccomp/no-users.bpf"]
    assert add_missing(folder, {"seccomp/no-users.bpf": b"b"}) == []
    assert (folder / "seccomp/no-users.bpf").read_bytes() == b"a"
