"""`labs run` and `labs dev record`, on a course of one small chapter."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pexpect
import pytest

from lablib.session.recording import load_recording
from tests.cli.conftest import PROJECT, Labs, runner
from tests.unit.made_course import write

CHAPTER = """\
id = "made"
title = { en = "Made", zh = "造" }
packages = []

[step.count]
shows = ["^2$"]

[step.fail]
status = 1

[step.where]
inside = "inner"
varies = ['pid \\d+']

[step.boot]
needs = ["systemd"]
"""
PAGE = """\
# Made

```bash {run id=count}
seq 3
```

```bash {run id=fail}
false
```

```bash {run id=inner enters}
bash
```

```bash {run id=where}
echo pid $$ in $PWD
```

```bash {run id=boot}
systemctl
```

```bash {run id=wait waits}
cat
```
"""
STEPS = ["count", "fail", "inner", "where", "boot", "wait"]


@pytest.fixture
def chapter(tmp_path: Path) -> Path:
    """The folder of the only chapter of a checkout, whose code is the project's."""
    for part in ("labs", "lablib", "checkers", "tui"):
        (tmp_path / part).symlink_to(PROJECT / part)
    folder = tmp_path / "content/01-made"
    for name, text in {"chapter.toml": CHAPTER, "en.md": PAGE, "zh.md": PAGE}.items():
        write(folder / name, text)
    return folder


@pytest.fixture
def made(chapter: Path, environment: dict[str, str], tmp_path: Path) -> Labs:
    return runner(chapter.parents[1], environment, tmp_path)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.kernel
def test_a_chapter_whose_steps_behave_passes_in_the_stable_form(guest: None, made: Labs) -> None:
    done = made("run", "made", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert list(value) == ["chapter", "machine", "release", "steps", "seconds"]
    assert (value["chapter"], value["machine"]) == ("made", "guest")
    form = ["id", "state", "end", "status", "output", "problems", "lacking", "seconds", "scene_seconds"]
    assert [list(step) for step in value["steps"]] == [form] * len(STEPS)
    steps = {step["id"]: step for step in value["steps"]}
    assert list(steps) == STEPS
    assert [step["state"] for step in value["steps"]] == ["ok"] * 4 + ["blocked", "ok"]
    assert (steps["count"]["end"], steps["count"]["status"], steps["count"]["output"]) == ("exited", 0, "1\n2\n3")
    assert (steps["wait"]["end"], steps["wait"]["status"]) == ("waiting", None)
    assert (steps["boot"]["end"], steps["boot"]["lacking"]) == (None, ["systemd"])


@pytest.mark.kernel
def test_each_step_is_told_with_its_output_and_a_step_that_misbehaves_fails(
    guest: None, made: Labs, chapter: Path
) -> None:
    change(chapter / "chapter.toml", '"^2$"', '"^4$"')
    done = made("run", "made", "--lang", "en")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[:5] == ["── count", "$ seq 3", "1", "2", "3"]
    assert lines[5].startswith("✗ ")
    assert "^4$" in lines[5]
    assert sum(line.startswith("✓ ") for line in lines) == 4
    assert sum(line.startswith("… ") for line in lines) == 1
    assert lines[-1].startswith("made: 4 of 5 steps as declared, 1 not possible here · guest, Linux ")


@pytest.mark.kernel
def test_a_chapter_is_recorded_and_then_compared_with_its_recording(guest: None, made: Labs, chapter: Path) -> None:
    done = made("dev", "record", "made", "--lang", "en")
    path = chapter / "recorded/guest.json"
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, f"Recorded: {path}", "")
    assert "@@ -0,0 +1,3 @@\n+1\n+2\n+3\n" in done.stdout
    recording = load_recording(chapter, "guest")
    assert recording is not None
    assert list(recording.steps) == [step for step in STEPS if step != "boot"]
    assert recording.steps["count"].output == "1\n2\n3"
    assert (recording.kind, recording.columns) == ("guest", 80)
    assert recording.distribution

    change(path, '"3"', '"drei"')
    done = made("run", "made", "--lang", "en")
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("✗")] == [
        "✗ It differs from the recording: drei → 3"
    ]
    change(path, recording.release, "2.4.37")
    assert made("run", "made").returncode == 0, "it was recorded on another kernel"


@pytest.mark.kernel
def test_nothing_is_recorded_of_a_chapter_that_misbehaves(guest: None, made: Labs, chapter: Path) -> None:
    change(chapter / "chapter.toml", "status = 1", "status = 2")
    done = made("dev", "record", "made", "--lang", "en")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == ["fail", "✗ Its exit status was to be 2, and is 1."]
    assert not (chapter / "recorded").exists()


@pytest.mark.kernel
def test_a_recording_that_cannot_be_written_is_said_in_one_sentence(guest: None, made: Labs, chapter: Path) -> None:
    (chapter / "recorded").touch()
    done = made("dev", "record", "made", "--lang", "en")
    assert (done.returncode, done.stdout) == (3, "")
    assert str(chapter / "recorded/guest.json") in done.stderr
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.kernel
def test_a_scene_that_fails_is_our_fault(guest: None, made: Labs, chapter: Path) -> None:
    write(chapter / "scenes/bad.sh", "false\n")
    change(chapter / "chapter.toml", "[step.count]", '[step.count]\nscene = "bad"')
    done = made("run", "made", "--json")
    assert (done.returncode, done.stdout) == (3, "")
    assert "count" in done.stderr


def test_a_chapter_that_there_is_not_has_the_nearest_name_as_remedy(made: Labs) -> None:
    for words in (["run", "mad"], ["dev", "record", "mad"]):
        done = made(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "made" in done.stderr.splitlines()[1]


@pytest.mark.kernel
def test_a_broken_recording_is_named_by_file_and_line(guest: None, made: Labs, chapter: Path) -> None:
    write(chapter / "recorded/guest.json", "{\n")
    done = made("run", "made")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{chapter / 'recorded/guest.json'}:2" in done.stderr


def test_without_a_guest_kernel_nothing_can_be_played_and_the_package_is_named(made: Labs) -> None:
    for words in (["run", "made"], ["dev", "record", "made"]):
        done = made(*words, PATH="/nonexistent")
        assert (done.returncode, done.stdout) == (3, "")
        assert "user-mode-linux" in done.stderr


@pytest.mark.kernel
def test_line_by_line_a_chapter_is_gone_through_on_an_ordinary_terminal(
    guest: None, chapter: Path, environment: dict[str, str]
) -> None:
    argv = [str(chapter.parents[1] / "labs/__main__.py"), "run", "-i", "made", "--lang", "en", "--on", "guest"]
    child = pexpect.spawn(sys.executable, argv, env=environment | {"TERM": "xterm"}, timeout=30)
    child.expect_exact("Enter runs it")
    child.send("\r")
    child.expect("1\\s+2\\s+3")
    child.expect_exact("Enter runs it")
    child.send("q\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_line_by_line_needs_a_terminal(made: Labs) -> None:
    done = made("run", "-i", "made")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 2
