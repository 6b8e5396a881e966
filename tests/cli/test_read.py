"""`labs read`: a chapter as a page, anywhere and without any privilege."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from lablib.course.parser import load_course
from lablib.session.recording import any_recording
from tests.cli.conftest import PROJECT, Labs

CHAPTERS = [chapter.id for chapter in load_course(PROJECT / "content").chapters]
LABS = str(PROJECT / "labs/__main__.py")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_step_is_there_with_what_it_printed_and_where_that_comes_from(
    labs: Labs, name: str, language: str
) -> None:
    done = labs("read", name, "--lang", language)
    assert (done.returncode, done.stderr) == (0, "")
    (chapter,) = [chapter for chapter in load_course(PROJECT / "content").chapters if chapter.id == name]
    recording = any_recording(chapter.folder)
    assert recording is not None
    first, page = done.stdout.split("\n")[0], squeezed(done.stdout)
    assert all(told in first for told in (recording.release, recording.distribution, recording.date))
    for step in chapter.steps:
        assert squeezed(step.commands) in page
    for recorded in recording.steps.values():
        assert squeezed(recorded.output) in page
    assert all(squeezed(task.title[language]) in page for task in (*chapter.tasks, *chapter.questions))


def test_into_a_pipe_goes_plain_text_with_code_between_backquotes(labs: Labs) -> None:
    done = labs("read", "cgroups", "--lang", "en", COLUMNS="80")
    assert "\x1b" not in done.stdout
    assert "`docker run --memory 512m`" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert not [line for line in done.stdout.splitlines() if line != line.rstrip()]


def test_an_answer_is_explained_only_to_who_has_given_it(labs: Labs) -> None:
    hint = "labs check cgroups/rmdir-not-rm --answer"
    assert hint in labs("read", "cgroups").stdout
    (chapter,) = [chapter for chapter in load_course(PROJECT / "content").chapters if chapter.id == "cgroups"]
    (question,) = [question for question in chapter.questions if question.id == "cgroups/rmdir-not-rm"]
    assert labs("check", question.id, "--answer", str(question.answer)).returncode == 0
    assert hint not in labs("read", "cgroups").stdout


def on_terminal(environment: dict[str, str], home: Path, **more: str) -> pexpect.spawn[bytes]:
    words = [LABS, "read", "cgroups", "--lang", "en"]
    return pexpect.spawn(
        sys.executable,
        words,
        env=environment | {"TERM": "xterm-256color"} | more,
        dimensions=(24, 80),
        timeout=20,
        cwd=str(home),
    )


def test_on_a_terminal_it_is_shown_in_the_pager_in_colour(environment: dict[str, str], home: Path) -> None:
    pager = home / "pager"
    pager.write_text("#!/bin/sh\necho paged by $LESS; head -n 5\n")
    pager.chmod(0o755)
    child = on_terminal(environment, home, PAGER=str(pager))
    child.expect_exact("paged by FRX")
    child.expect_exact("\x1b[1;34mControl groups")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, "a pager that reads only the beginning is right"


@pytest.mark.parametrize("more", [{"PAGER": "/nowhere/pager"}, {"TERM": "dumb"}])
def test_without_a_pager_it_is_printed(environment: dict[str, str], home: Path, more: dict[str, str]) -> None:
    child = on_terminal(environment, home, **more)
    child.expect_exact("Control groups")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_no_color_takes_the_colours_away(environment: dict[str, str], home: Path) -> None:
    child = on_terminal(environment, home, PAGER="cat", NO_COLOR="1")
    child.expect(pexpect.EOF)
    assert b"`docker run" in child.before
    assert not re.findall(rb"\x1b\[[0-9;]*3[0-7]", child.before)


def test_a_chapter_that_there_is_not_has_the_nearest_name_as_remedy(labs: Labs) -> None:
    done = labs("read", "cgrops")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cgroups" in done.stderr.splitlines()[1]


def test_a_reader_who_leaves_early_is_no_error(environment: dict[str, str], home: Path) -> None:
    line = f"{sys.executable} {LABS} read cgroups | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], env=environment, cwd=home, capture_output=True)
    assert done.stderr == b""
    assert done.returncode in (0, 141)
