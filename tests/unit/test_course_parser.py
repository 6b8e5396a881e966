from __future__ import annotations

from pathlib import Path

import pytest

from lablib.course.model import Prose, Step, TaskPlace
from lablib.course.parser import load_chapter, load_course
from lablib.errors import ContentError
from tests.unit.made_course import CHAPTER, PAGE, line_of, make, says, write


def test_a_chapter_is_read_as_its_folder_says_it(tmp_path: Path) -> None:
    folder = make(tmp_path)
    chapter = load_chapter(folder)
    assert (chapter.id, chapter.number, chapter.packages) == ("cgroups", 2, ("procps",))
    assert chapter.title == {"en": "Control groups", "zh": "控制组"}
    assert chapter.folder == folder
    move, clean_up = chapter.tasks
    assert (move.id, move.points, move.needs) == ("cgroups/move", 10, ("cgroup2",))
    assert (clean_up.id, clean_up.points, clean_up.needs) == ("cgroups/clean-up", 5, ())
    assert (move.scene, clean_up.scene) == (folder / "scenes/move.sh", None)
    assert move.body["en"] == "Move it.\n\n    indented"
    assert move.hints == {"en": ("First.", "Second."), "zh": ("First.", "Second.")}
    assert clean_up.hints["en"] == ()
    assert move.solutions == (folder / "solutions/move/a.py", folder / "solutions/move/b.sh")
    (wrong,) = move.wrong
    assert (wrong.script, wrong.check, wrong.key) == (folder / "wrong/move/no.sh", "is-in-test", "cgroups.no-test")


def test_blocks_are_in_reading_order_and_prose_is_the_exact_source(tmp_path: Path) -> None:
    chapter = load_chapter(make(tmp_path))
    move, clean_up = chapter.tasks
    assert chapter.blocks["en"] == (
        Prose("# Control groups\n\nA *cgroup* is a folder.\n- [a list](x)"),
        Step("look", "ls /sys/fs/cgroup\n", enters=True, recorded="cgroup.procs\n"),
        Prose("```python\ninert = {}\n```\n\n> [!NOTE]\n> Not ours."),
        TaskPlace(move),
        Prose("Between."),
        Prose("## The end"),
        TaskPlace(clean_up),
    )


def test_lines_that_end_as_on_another_system_are_the_same_page(tmp_path: Path) -> None:
    plain = load_chapter(make(tmp_path))
    other = load_chapter(make(tmp_path, en_md=PAGE.replace("\n", "\r\n")))
    assert other.blocks == plain.blocks


def test_a_course_is_its_numbered_folders_in_order(tmp_path: Path) -> None:
    make(tmp_path, "10-later", chapter_toml=CHAPTER.replace('"cgroups"', '"later"'))
    make(tmp_path)
    (tmp_path / "drafts").mkdir()
    write(tmp_path / "LICENSE", "free")
    assert [(chapter.number, chapter.id) for chapter in load_course(tmp_path).chapters] == [
        (2, "cgroups"),
        (10, "later"),
    ]


def test_no_folder_is_an_empty_course(tmp_path: Path) -> None:
    assert load_course(tmp_path / "none").chapters == ()


def test_hidden_files_are_no_scripts(tmp_path: Path) -> None:
    folder = make(tmp_path)
    write(folder / "wrong/move/.no.sh.swp", b"\xff")
    assert len(load_chapter(folder).tasks[0].wrong) == 1


TOML_ERRORS = {
    "not toml": ("points = 10", "points = = 10", "points = =", "not TOML"),
    "unknown key": ('packages = ["procps"]', 'package = ["procps"]', "package =", "the key package is unknown"),
    "unknown key of a task": ("points = 5", 'points = 5\nhint = "x"', 'hint = "x"', "the key hint is unknown"),
    "unknown table of a task": ("points = 5", "points = 5\n[task.names]\nx = 1", "[task.names]", "key names"),
    "unknown table": ("points = 5", "points = 5\n[other]\nx = 1", "[other]", "the key other is unknown"),
    "key missing in the chapter": ('id = "cgroups"\n', "", "title", "the key id is missing"),
    "key missing in a task": ("points = 5\n", "", "[[task]]#2", "the key points is missing"),
    "id of a wrong type": ('id = "move"', "id = 7", "id = 7", "an id is"),
    "id with a slash": ('id = "move"', 'id = "cgroups/move"', 'id = "cgroups/move"', "an id is"),
    "points as text": ("points = 10", 'points = "10"', 'points = "10"', "points are"),
    "points as a bool": ("points = 10", "points = true", "points = true", "points are"),
    "no points": ("points = 10", "points = 0", "points = 0", "points are"),
    "packages as text": ('["procps"]', '"procps"', "packages", "packages is a list"),
    "needs of numbers": ('["cgroup2"]', "[2]", "needs", "needs is a list"),
    "title as text": ('{ en = "Move", zh = "移动" }', '"Move"', 'title = "Move"', "a title is a table"),
    "title without Chinese": ('en = "Move", zh = "移动"', 'en = "Move"', 'title = { en = "Move"', "no text for zh"),
    "title in a third language": (', zh = "移动"', ', zh = "移动", de = "x"', 'title = { en = "Move"', "language de"),
    "title that is a number": ('zh = "移动"', "zh = 4", 'title = { en = "Move"', "the title for zh"),
    "task that is no table": (CHAPTER[CHAPTER.index("[[task]]") :], "task = 4", "task = 4", "[[task]]"),
    "two tasks of one id": ('id = "clean-up"', 'id = "move"', 'id = "move"#2', "cgroups/move is taken in line 5"),
    "an id unlike the folder": ('id = "cgroups"', 'id = "cgroup"', 'id = "cgroup"', "folder is called 02-cgroups"),
}


@pytest.mark.parametrize(("old", "new", "place", "reason"), TOML_ERRORS.values(), ids=TOML_ERRORS)
def test_chapter_toml_that_is_wrong_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, place: str, reason: str
) -> None:
    text = CHAPTER.replace(old, new, 1)
    assert text != CHAPTER
    folder = make(tmp_path, chapter_toml=text)
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    part, _, occurrence = place.partition("#")
    says(
        caught, folder / "chapter.toml", line_of(text, part, int(occurrence or 1)), reason or "the key other is unknown"
    )


def test_toml_that_ends_too_early_is_refused_with_the_last_line(tmp_path: Path) -> None:
    folder = make(tmp_path, chapter_toml='id = "cgroups"\ntitle = [\n')
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "chapter.toml", 2, "not TOML")


FENCE = "```bash {run id=look enters}"
STEP = "```bash {run id=look enters}\nls /sys/fs/cgroup\n```\n"
PAGE_ERRORS = {
    "unclosed brace": (FENCE, "```bash {run id=look", "```bash {run", "one {…}"),
    "brace never opened": (FENCE, "```bash run id=look}", "```bash run", "one {…}"),
    "words after the brace": (FENCE, FENCE + " x", FENCE, "one {…}"),
    "run without id": (FENCE, "```bash {run enters}", "```bash {run", "needs an id"),
    "id without a value": (FENCE, "```bash {run id=}", "```bash {run", "write id=…"),
    "run with a value": (FENCE, "```bash {run=yes id=look}", "```bash {run", "write run alone"),
    "id without run": (FENCE, "```bash {id=look}", "```bash {id", "says run or of"),
    "empty braces": (FENCE, "```bash {}", "```bash {}", "says run or of"),
    "unknown attribute": (FENCE, "```bash {run id=look slow}", "```bash {run", "the attribute slow is unknown"),
    "attribute twice": (FENCE, "```bash {run id=look id=x}", "```bash {run", "the attribute id is given twice"),
    "run and of": (FENCE, "```bash {run id=look of=x}", "```bash {run", "not both"),
    "two steps of one id": (STEP, STEP + STEP, FENCE + "#2", "a step look already"),
    "step without commands": ("ls /sys/fs/cgroup\n", "\n", FENCE, "has no commands"),
    "output of no step": ("{of=look}", "{of=lok}", "```console", "no step lok above"),
    "output given twice": ("```python\n", "```console {of=look}\n", "```console#2", "given twice"),
    "fence never closed": ("```python\ninert = {}\n```", "```python\ninert = {}\n", "```python", "never closed"),
    "fence closed by a shorter one": ("> Remove it.\n", "> Remove it.\n\n````sh\nx\n```\n", "````sh", "never closed"),
    "step in a list": (STEP, "- x\n\n  ```bash {run id=look}\n  ls\n  ```\n", "  ```bash", "stands by itself"),
    "task of an unknown id": ("[!TASK] move", "[!TASK] mov", "> [!TASK] mov", "chapter.toml has no task mov"),
    "hint for an unknown task": ("[!HINT] move", "[!HINT] mov", "> [!HINT] mov", "chapter.toml has no task mov"),
    "task without its id": ("[!TASK] move", "[!TASK]", "> [!TASK]", "the id of one task"),
    "text beside the id": ("> Move it.", "> [!TASK] x", "> [!TASK] x", "an empty line is missing"),
    "task quoted twice": ("[!TASK] clean-up", "[!TASK] move", "> [!TASK] move#2", "[!TASK] move already"),
    "unknown kind of quote": ("[!HINT]", "[!HINTS]", "> [!HINTS]", "[!HINTS] is unknown"),
    "hint that is no quote": ("Between.", "[!HINT] move", "\n[!HINT] move", "begin a quote"),
    "hint in a list": ("Between.", "- > [!HINT] move", "- > [!HINT]", "begin a quote"),
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("old", "new", "place", "reason"), PAGE_ERRORS.values(), ids=PAGE_ERRORS)
def test_a_page_that_is_wrong_is_refused_with_its_line(
    tmp_path: Path, language: str, old: str, new: str, place: str, reason: str
) -> None:
    text = PAGE.replace(old, new, 1)
    assert text != PAGE
    folder = make(tmp_path, **{f"{language}_md": text})
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    part, _, occurrence = place.partition("#")
    line = line_of(text, part.lstrip("\n"), int(occurrence or 1)) if part[0] != "\n" else line_of(text, part) + 1
    says(caught, folder / f"{language}.md", line, reason)


def test_a_task_that_a_page_does_not_quote_is_refused_where_it_is_defined(tmp_path: Path) -> None:
    folder = make(tmp_path, zh_md=PAGE.replace("> [!TASK] clean-up\n> Remove it.\n", ""))
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "chapter.toml", line_of(CHAPTER, "[[task]]", 2), "zh.md has no [!TASK] clean-up")


@pytest.mark.parametrize("name", ["chapter.toml", "en.md", "zh.md"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = make(tmp_path)
    (folder / name).unlink()
    with pytest.raises(ContentError) as caught:
        load_course(tmp_path)
    says(caught, folder / name, 1, "missing")


@pytest.mark.parametrize("name", ["chapter.toml", "en.md", "zh.md", "wrong/move/no.sh"])
def test_a_file_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    folder = make(tmp_path)
    write(folder / name, b"# one\n# two \xff\n# three\n")
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / name, 2, "not UTF-8")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path)
    (folder / "en.md").unlink()
    (folder / "en.md").mkdir()
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "en.md", 1, "cannot be read")


@pytest.mark.parametrize("text", ["true\n# fails: a b\n", "#!/bin/sh\n# fails: only-one\n", ""])
def test_a_wrong_solution_without_its_header_is_refused(tmp_path: Path, text: str) -> None:
    folder = make(tmp_path, wrong__move__no_sh=text)
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "wrong/move/no.sh", 1, "# fails: CHECK FAILURE-KEY")


def test_two_chapters_of_one_id_are_refused(tmp_path: Path) -> None:
    first = make(tmp_path)
    second = make(tmp_path, "03-cgroups")
    with pytest.raises(ContentError) as caught:
        load_course(tmp_path)
    says(caught, second / "chapter.toml", 1, f"taken by {first}/chapter.toml:1")


def test_a_folder_without_a_number_is_no_chapter(tmp_path: Path) -> None:
    folder = make(tmp_path, "cgroups")
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "chapter.toml", 1, "NN-ID")
