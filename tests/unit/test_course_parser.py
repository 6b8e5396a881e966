from __future__ import annotations

from pathlib import Path

import pytest

from lablib.course.model import End, Prose, QuestionPlace, Step, TaskPlace
from lablib.course.parser import load_chapter, load_course, script_needs
from lablib.errors import ContentError
from tests.unit.made_course import CHAPTER, PAGE, line_of, make, says, write


def test_a_chapter_is_read_as_its_folder_says_it(tmp_path: Path) -> None:
    folder = make(tmp_path)
    chapter = load_chapter(folder)
    assert (chapter.id, chapter.number, chapter.packages) == ("cgroups", 2, ("procps",))
    assert chapter.title == {"en": "Control groups", "zh": "控制组"}
    assert chapter.folder == folder
    move, clean_up = chapter.tasks
    assert (move.id, move.points, move.needs) == ("cgroups/move", 10, ("controller:memory",))
    assert (clean_up.id, clean_up.points, clean_up.needs) == ("cgroups/clean-up", 5, ())
    assert (move.scene, clean_up.scene) == (folder / "scenes/move.sh", None)
    assert move.body["en"] == "Move it.\n\n    indented"
    assert move.hints == {"en": ("First.", "Second."), "zh": ("First.", "Second.")}
    assert clean_up.hints["en"] == ()
    assert move.solutions == (folder / "solutions/move/a.py", folder / "solutions/move/b.sh")
    (wrong,) = move.wrong
    assert (wrong.script, wrong.check, wrong.key) == (folder / "wrong/move/no.sh", "is-in-test", "cgroups.no-test")


def test_a_task_starts_from_the_scene_that_it_names(tmp_path: Path) -> None:
    folder = make(tmp_path, chapter_toml=CHAPTER.replace("points = 5\n", 'points = 5\nscene = "made"\n'))
    move, clean_up = load_chapter(folder).tasks
    assert (move.scene, clean_up.scene) == (folder / "scenes/move.sh", folder / "scenes/made.sh")


def test_blocks_are_in_reading_order_and_prose_is_the_exact_source(tmp_path: Path) -> None:
    chapter = load_chapter(make(tmp_path))
    move, clean_up = chapter.tasks
    (why,) = chapter.questions
    assert chapter.blocks["en"] == (
        Prose("# Control groups\n\nA *cgroup* is a folder.\n- [a list](x)"),
        Step("look", "ls /sys/fs/cgroup\n", End.ENTERED, recorded="cgroup.procs\n"),
        Prose("```python\ninert = {}\n```\n\n> [!NOTE]\n> Not ours."),
        TaskPlace(move),
        Prose("Between."),
        Step(
            "try",
            "rm -r test\n",
            End.LEFT,
            status=1,
            shows=("not +permitted",),
            varies=("pid [0-9]+",),
            scene=chapter.folder / "scenes/made.sh",
            inside="look",
            seconds=2.5,
            needs=("program:rm", "feature:psi", "systemd"),
        ),
        QuestionPlace(why),
        Prose("## The end"),
        TaskPlace(clean_up),
    )


@pytest.mark.parametrize(
    ("words", "ends"), [("", End.EXITED), (" enters", End.ENTERED), (" leaves", End.LEFT), (" waits", End.WAITING)]
)
def test_a_fence_says_how_its_step_ends(tmp_path: Path, words: str, ends: End) -> None:
    page = PAGE.replace("{run id=try leaves}", f"{{run id=try{words}}}")
    chapter = load_chapter(make(tmp_path, en_md=page, zh_md=page))
    assert [block.ends for block in chapter.blocks["en"] if isinstance(block, Step)][1] is ends


def test_a_question_has_its_choices_apart_from_what_is_asked_and_its_answer_is_no_prose(tmp_path: Path) -> None:
    chapter = load_chapter(make(tmp_path))
    (why,) = chapter.questions
    assert (why.id, why.points, why.answer, why.experiment) == ("cgroups/why", 3, 2, "try")
    assert why.title == {"en": "Why", "zh": "为何"}
    assert why.body["en"] == "What does it say?\n\n- a list of the body\n\nSo?"
    assert why.choices["zh"] == ("Nothing.", "It is *not* permitted.")
    assert why.explanation["en"] == "The files are the kernel's."


def test_a_step_without_a_table_ends_well_in_ten_seconds(tmp_path: Path) -> None:
    look = next(block for block in load_chapter(make(tmp_path)).blocks["en"] if isinstance(block, Step))
    assert (look.status, look.shows, look.scene, look.inside, look.seconds, look.needs) == (0, (), None, "", 10.0, ())


def test_a_step_s_table_may_be_written_in_any_way_toml_allows(tmp_path: Path) -> None:
    table = CHAPTER[CHAPTER.index("[step.try]") :]
    inline = CHAPTER.replace(table, "[step]\n'try' = { status = 3, inside = 'look' }\n")
    chapter = load_chapter(make(tmp_path, chapter_toml=inline))
    assert [block.status for block in chapter.blocks["zh"] if isinstance(block, Step)] == [0, 3]


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
    "needs of numbers": ('["controller:memory"]', "[2]", "needs", "needs is a list"),
    "an unknown need": ('["controller:memory"]', '["cgroup2"]', "needs", "the need cgroup2 is unknown"),
    "a need of nothing": ('["controller:memory"]', '["program:"]', "needs", "the need program: is unknown"),
    "an unknown need of a step": ('"systemd"', '"systemd:"', "needs#2", "the need systemd: is unknown"),
    "unknown key of a question": ("answer = 2", "answer = 2\nneeds = []", "needs#2", "the key needs is unknown"),
    "question that is no table": (CHAPTER[CHAPTER.index("[[task]]") :], "question = 4", "question", "[[question]]"),
    "question without an experiment": ('experiment = "try"\n', "", "[[question]]", "the key experiment is missing"),
    "experiment that is no text": ('experiment = "try"', "experiment = 1", "experiment", "experiment is one text"),
    "experiment in no page": ('experiment = "try"', 'experiment = "tri"', "experiment", "en.md has no step tri"),
    "answer as text": ("answer = 2", 'answer = "2"', "answer", "an answer is a whole number"),
    "answer counted from 0": ("answer = 2", "answer = 0", "answer", "an answer is a whole number"),
    "answer beyond the choices": ("answer = 2", "answer = 3", "answer", "en.md has 2 choices for the question why"),
    "a task and a question of one id": (
        'id = "why"',
        'id = "move"',
        'id = "move"#2',
        "cgroups/move is taken in line 5",
    ),
    "a question in no page": ('id = "why"', 'id = "how"', "> [!QUESTION] why", "chapter.toml has no question why"),
    "a step that is no table": (CHAPTER[CHAPTER.index("[[task]]") :], "step = { x = 1 }", "step", "[step.ID]"),
    "unknown key of a step": ("status = 1", "statu = 1", "statu =", "the key statu is unknown"),
    "table of a step in no page": ("[step.try]", "[step.tri]", "[step.tri]", "en.md has no step tri"),
    "status beyond a byte": ("status = 1", "status = 256", "status =", "from 0 to 255"),
    "status below 0": ("status = 1", "status = -9", "status =", "from 0 to 255"),
    "status as a bool": ("status = 1", "status = true", "status =", "from 0 to 255"),
    "shows as text": ('["not +permitted"]', '"not"', "shows", "shows is a list"),
    "pattern that does not compile": ("not +permitted", "(not", "shows", "no regular expression"),
    "pattern that matches nothing": ("pid [0-9]+", "[0-9]*", "varies", "matches where there is nothing"),
    "a scene that is missing": ('scene = "made"', 'scene = "mad"', "scene =", "no scene scenes/mad.sh"),
    "a scene elsewhere": ('scene = "made"', 'scene = "../scenes/made"', "scene =", "no scene scenes/../scenes/made.sh"),
    "inside no step": ('inside = "look"', 'inside = "lok"', "inside", "no step lok that enters"),
    "inside itself": ('inside = "look"', 'inside = "try"', "inside", "no step try that enters"),
    "seconds as text": ("seconds = 2.5", 'seconds = "2"', "seconds", "seconds are a number"),
    "seconds without end": ("seconds = 2.5", "seconds = inf", "seconds", "seconds are a number"),
    "no seconds": ("seconds = 2.5", "seconds = 0", "seconds", "seconds are a number"),
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
    name, of = ("en.md", PAGE) if part in PAGE else ("chapter.toml", text)
    says(caught, folder / name, line_of(of, part, int(occurrence or 1)), reason)


def test_inside_names_a_step_that_comes_before(tmp_path: Path) -> None:
    page = PAGE.replace("id=look", "id=x").replace("of=look", "of=x") + "\n```bash {run id=look enters}\nbash\n```\n"
    folder = make(tmp_path, en_md=page, zh_md=page)
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "chapter.toml", line_of(CHAPTER, "inside"), "before the step try")


def test_toml_that_ends_too_early_is_refused_with_the_last_line(tmp_path: Path) -> None:
    folder = make(tmp_path, chapter_toml='id = "cgroups"\ntitle = [\n')
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "chapter.toml", 2, "not TOML")


FENCE = "```bash {run id=look enters}"
STEP = "```bash {run id=look enters}\nls /sys/fs/cgroup\n```\n"
QUESTION = PAGE[PAGE.index("> [!QUESTION]") : PAGE.index("\n> [!ANSWER]")]
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
    "two ends": (FENCE, "```bash {run id=look enters waits}", "```bash {run", "one end"),
    "an end without run": ("{of=look}", "{of=look leaves}", "```console", "belongs to run"),
    "run and of": (FENCE, "```bash {run id=look of=x}", "```bash {run", "not both"),
    "two steps of one id": (STEP, STEP + STEP, FENCE + "#2", "a step look already"),
    "step without commands": ("ls /sys/fs/cgroup\n", "\n", FENCE, "has no commands"),
    "output of no step": ("{of=look}", "{of=lok}", "```console", "no step lok above"),
    "output given twice": ("```python\n", "```console {of=look}\n", "```console#2", "given twice"),
    "fence never closed": ("```python\ninert = {}\n```", "~~~python\ninert = {}\n", "~~~python", "never closed"),
    "fence closed by a shorter one": ("> Remove it.\n", "> Remove it.\n\n````sh\nx\n```\n", "````sh", "never closed"),
    "step in a list": (STEP, "- x\n\n  ```bash {run id=look}\n  ls\n  ```\n", "  ```bash", "stands by itself"),
    "task of an unknown id": ("[!TASK] move", "[!TASK] mov", "> [!TASK] mov", "chapter.toml has no task mov"),
    "hint for an unknown task": ("[!HINT] move", "[!HINT] mov", "> [!HINT] mov", "chapter.toml has no task mov"),
    "task without its id": ("[!TASK] move", "[!TASK]", "> [!TASK]", "followed by one id"),
    "text beside the id": ("> Move it.", "> [!TASK] x", "> [!TASK] x", "an empty line is missing"),
    "task quoted twice": ("[!TASK] clean-up", "[!TASK] move", "> [!TASK] move#2", "[!TASK] move already"),
    "question of an unknown id": ("[!QUESTION] why", "[!QUESTION] how", "> [!QUESTION]", "has no question how"),
    "answer to an unknown question": ("[!ANSWER] why", "[!ANSWER] how", "> [!ANSWER]", "has no question how"),
    "question quoted twice": (QUESTION, f"{QUESTION}\n{QUESTION}", "> [!QUESTION]#2", "[!QUESTION] why already"),
    "answer given twice": ("> [!HINT] move", "> [!ANSWER] why", "> [!ANSWER]#2", "[!ANSWER] why already"),
    "question without choices": ("> - Nothing.\n> - It", "> It", "> [!QUESTION]", "does not end in a list"),
    "text below the choices": ("permitted.\n", "permitted.\n>\n> So?\n", "> [!QUESTION]", "does not end in a list"),
    "numbered choices": ("> - Nothing.\n> - It", "> 1. Nothing.\n> 2. It", "> [!QUESTION]", "does not end in a list"),
    "one choice": ("> - Nothing.\n", "", "> [!QUESTION]", "one choice only"),
    "a choice of two lines": ("> - Nothing.\n", "> - Nothing.\n>   At all.\n", "> - Nothing", "one line of text"),
    "a choice with a list": ("> - It is", "> - - It is", "> - - It", "one line of text"),
    "an empty choice": ("> - Nothing.\n", "> -\n", "> -\n", "one line of text"),
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


@pytest.mark.parametrize("kind", ["QUESTION", "ANSWER"])
def test_a_question_that_a_page_lacks_is_refused_where_it_is_defined(tmp_path: Path, kind: str) -> None:
    start = PAGE.index(f"> [!{kind}] why")
    folder = make(tmp_path, zh_md=PAGE[:start] + PAGE[PAGE.index("\n\n", start) :])
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "chapter.toml", line_of(CHAPTER, "[[question]]"), f"zh.md has no [!{kind}] why")


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


def test_a_solution_says_in_its_first_comments_what_it_needs_beyond_its_task(tmp_path: Path) -> None:
    script = tmp_path / "solution.sh"
    script.write_text("#!/bin/sh\n# needs: feature:loop user:student\n# Why.\n# needs: program:x\ntrue\n# needs: no\n")
    assert script_needs(script) == ("feature:loop", "user:student", "program:x")
    script.write_text("#!/bin/sh\ntrue\n")
    assert script_needs(script) == ()
