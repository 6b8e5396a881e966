"""`labs dev new` and `labs dev check`: a new chapter is sound as it is made, and each fault in one is told with what to
do about it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import PROJECT, Labs, runner

PARTS = ("labs", "lablib", "checkers")
BLIND = '''

@check(task="sample/first")
def idle(ctx: Context) -> None:
    """Nothing."""
'''
RAISES = 'raise ValueError("our fault")'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project whose course is one new chapter."""
    folder = tmp_path / "checkout"
    for part in PARTS:
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "content").mkdir()
    (folder / "checkers/__init__.py").write_text('"""The checks of no chapter yet."""\n\n')
    return folder


@pytest.fixture
def labs(checkout: Path, environment: dict[str, str], tmp_path: Path) -> Labs:
    return runner(checkout, environment, tmp_path)


@pytest.fixture
def sample(labs: Labs, checkout: Path) -> Path:
    """The new chapter's folder."""
    done = labs("dev", "new", "sample")
    assert done.returncode == 0, done.stderr
    folder = checkout / "content/01-sample"
    assert str(folder / "chapter.toml") in done.stdout
    return folder


def test_a_new_chapter_is_part_of_the_course(labs: Labs, sample: Path) -> None:
    assert "sample/first" in labs("list").stdout


@pytest.mark.usefixtures("guest", "sample")
@pytest.mark.parametrize("name", ["sample", "sample/first", ""])
def test_it_is_sound_as_it_is_made(labs: Labs, name: str) -> None:
    done = labs("dev", "check", *filter(None, [name]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ sample/first wrong/a-file.sh" in done.stdout
    assert ("sample look" in done.stdout) is (name != "sample/first")


def fault(sample: Path, kind: str) -> None:
    checkers = sample.parents[1] / "checkers"
    match kind:
        case "unsolved":
            (sample / "scenes").mkdir()
            (sample / "scenes/first.sh").write_text("mkdir -p /lab/first\n")
        case "solution":
            (sample / "solutions/first/mkdir.sh").write_text("#!/bin/sh\n")
        case "wrong":
            (sample / "wrong/first/a-file.sh").write_text(
                "# fails: folder-is-there sample.no-folder\nmkdir /lab/first\n"
            )
        case "reason":
            (sample / "wrong/first/a-file.sh").write_text("# fails: folder-is-there sample.other\n")
        case "error":
            text = (checkers / "sample.py").read_text()
            (checkers / "sample.py").write_text(text.replace("    if ctx", f"    {RAISES}\n    if ctx"))
        case "blind":
            (checkers / "sample.py").write_text((checkers / "sample.py").read_text() + BLIND)
        case "step":
            text = (sample / "chapter.toml").read_text()
            (sample / "chapter.toml").write_text(text.replace('"tmpfs"', '"ext9"'))
        case "skeleton":
            (sample / "zh.md").write_text((sample / "zh.md").read_text().replace("> [!HINT] first\n> mkdir", "> mkdir"))
        case "no check":
            (checkers / "sample.py").write_text("")
        case "no task":
            text = (checkers / "sample.py").read_text()
            (checkers / "sample.py").write_text(text + BLIND.replace("sample/first", "sample/second"))
        case "mode":
            (sample / "wrong/first/a-file.sh").chmod(0o644)


@pytest.mark.usefixtures("guest")
@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("unsolved", "sample/first unsolved", "Give it a scene"),
        ("solution", "sample/first solutions/mkdir.sh", "folder-is-there sample.no-folder"),
        ("wrong", "sample/first wrong/a-file.sh", "Add a check"),
        ("reason", "sample/first wrong/a-file.sh", "sample.other"),
        ("error", "sample/first solutions/mkdir.sh", "our fault"),
        ("blind", "sample/first", "idle"),
        ("step", "sample look", "ext9"),
        ("skeleton", "zh.md:", "skeleton"),
        ("no check", "chapter.toml:5", "sample/first"),
        ("no task", "checkers/sample.py:", "sample/second"),
        ("mode", "a-file.sh:1", "chmod +x"),
    ],
)
def test_each_fault_is_told_with_what_to_do(labs: Labs, sample: Path, kind: str, name: str, told: str) -> None:
    fault(sample, kind)
    done = labs("dev", "check", "sample", "--json")
    assert done.returncode == 1, done.stderr
    found = [one for one in json.loads(done.stdout)["found"] if one["state"] == "failed"]
    assert any(name in one["name"] and told in " ".join(one["problems"]) for one in found), found
    assert f"✗ {found[0]['name']}" in labs("dev", "check", "sample").stdout


@pytest.mark.usefixtures("guest")
def test_what_the_machine_lacks_is_told_and_not_tried(labs: Labs, sample: Path) -> None:
    text = (sample / "chapter.toml").read_text()
    (sample / "chapter.toml").write_text(text.replace("points = 10", 'points = 10\nneeds = ["program:no-such"]'))
    done = labs("dev", "check", "sample")
    assert done.returncode == 0
    assert "… sample/first: " in done.stdout and "program no-such" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["new", "Sample"], "cannot be called"),
        (["new", "sample"], "is there already"),
        (["new"], "needs a CHAPTER"),
        (["check", "smaple"], "sample"),
        (["new", "other", "--on", "host"], "no option --on"),
        (["check", "sample", "--on", "mars"], "mars"),
        (["new", "other", "--json"], "no option --json"),
        (["chekc"], "check"),
    ],
)
def test_bad_usage_is_told(labs: Labs, sample: Path, words: list[str], told: str) -> None:
    done = labs("dev", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert [path.name for path in sample.parent.iterdir()] == [sample.name]


@pytest.mark.usefixtures("guest")
def test_a_recording_shows_what_has_changed(labs: Labs, sample: Path) -> None:
    assert "+tmpfs" in labs("dev", "record", "sample").stdout
    assert "word for word" in labs("dev", "record", "sample").stdout
    for page in ("en.md", "zh.md"):
        text = (sample / page).read_text()
        (sample / page).write_text(text.replace("=%T /lab", "=%T:%a /lab").replace("%a", "now"))
    done = labs("dev", "record", "sample")
    assert "-tmpfs" in done.stdout and "+tmpfs:now" in done.stdout
