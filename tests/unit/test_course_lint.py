from __future__ import annotations

from pathlib import Path

import pytest

from lablib.course.lint import lint
from lablib.errors import ContentError
from lablib.i18n import LANGUAGES, catalogue
from tests.unit.made_course import CHAPTER, PAGE, line_of, make, write

STEP = "```bash {run id=look enters}\nls /sys/fs/cgroup\n```\n"


def found(content: Path) -> list[tuple[str, str]]:
    """Problems as (where below the chapter's folder, sentence in English). Each has one in every language."""
    problems = lint(content)
    for problem in problems:
        for language in LANGUAGES:
            assert catalogue(language).text(f"lint.{problem.key}", **problem.params)
    return [
        (
            problem.where.removeprefix(f"{content}/02-cgroups/"),
            catalogue("en").text(f"lint.{problem.key}", **problem.params),
        )
        for problem in problems
    ]


def test_a_whole_course_has_no_problems(tmp_path: Path) -> None:
    make(tmp_path)
    assert found(tmp_path) == []


def test_prose_and_inert_fences_may_differ_between_languages(tmp_path: Path) -> None:
    make(tmp_path, zh_md=PAGE.replace("Between.", "其间。\n\n另一段。").replace("inert = {}", "x = 1"))
    assert found(tmp_path) == []


SKELETONS = {
    "another level of heading": ("## The end", "### The end", "### The end", "heading h3", "heading h2", "## The end"),
    "a heading too few": ("## The end\n", "", "> [!TASK] clean", "task clean-up", "heading h2", "## The end"),
    "a step more": (STEP, "```bash {run id=lock}\nls\n```\n" + STEP, "```bash", "step lock", "step look", "```bash"),
    "tasks in another order": ("> [!TASK] move", "> [!TASK] clean-up", "> [!TASK]", "task clean-up", "task move",
                               "> [!TASK] move"),
    "another end of the page's questions": ("> [!ANSWER] why", "## More\n\n> [!ANSWER] why", "## More", "heading h2",
                                            "answer why", "> [!ANSWER]"),
    "a hint of another task": ("> [!HINT] move", "> [!HINT] clean-up", "> [!HINT]", "hint clean-up", "hint move",
                               "> [!HINT] move"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "here", "there", "other"), SKELETONS.values(), ids=SKELETONS)
def test_the_first_difference_of_the_skeletons_is_shown_with_both_lines(
    tmp_path: Path, old: str, new: str, place: str, here: str, there: str, other: str
) -> None:
    page = PAGE
    if here == "task clean-up" and there == "task move":
        page = page.replace("> [!TASK] clean-up", "> [!TASK] move")
        page = page[: page.rindex("move")].replace(old, new, 1) + page[page.rindex("move") :]
    else:
        page = page.replace(old, new, 1)
    make(tmp_path, zh_md=page)
    sentence = f"The skeleton differs: {here} here, {there} in en.md:{line_of(PAGE, other)}."
    assert found(tmp_path) == [(f"zh.md:{line_of(page, place)}", sentence)]


def test_what_is_missing_at_the_end_is_shown_at_the_last_line(tmp_path: Path) -> None:
    make(tmp_path, en_md=PAGE + "\n# More\n")
    last = PAGE.count("\n")
    sentence = f"The skeleton differs: - here, heading h1 in en.md:{last + 2}."
    assert found(tmp_path) == [(f"zh.md:{last}", sentence)]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("ls /sys/fs/cgroup\n", "ls  /sys/fs/cgroup\n", "The commands"),
        ("try leaves}", "try}", "The commands"),
        ("cgroup.procs\n", "cgroup.threads\n", "The recorded output"),
    ],
)
def test_a_step_is_byte_identical_in_both_languages(tmp_path: Path, old: str, new: str, what: str) -> None:
    make(tmp_path, zh_md=PAGE.replace(old, new))
    line = line_of(PAGE, "```bash", 2 if old.startswith("try") else 1)
    (problem,) = found(tmp_path)
    assert problem[0] == f"zh.md:{line}"
    assert problem[1].startswith(what)
    assert f"en.md:{line}" in problem[1]


@pytest.mark.parametrize("kind", ["solutions", "wrong"])
def test_each_task_has_a_solution_and_a_wrong_one(tmp_path: Path, kind: str) -> None:
    folder = make(tmp_path)
    (folder / kind / "clean-up" / ("a.sh" if kind == "solutions" else "no.sh")).unlink()
    ((where, sentence),) = found(tmp_path)
    assert where == f"chapter.toml:{line_of(CHAPTER, '[[task]]', 2)}"
    assert "cgroups/clean-up has no" in sentence


def test_a_question_has_as_many_choices_in_both_languages(tmp_path: Path) -> None:
    make(tmp_path, zh_md=PAGE.replace("> - It is", "> - Something.\n> - It is"))
    line = line_of(PAGE, "> [!QUESTION]")
    sentence = f"The question why has another number of choices than in en.md:{line}."
    assert found(tmp_path) == [(f"zh.md:{line}", sentence)]


def test_tasks_questions_hints_and_answers_have_a_text(tmp_path: Path) -> None:
    page = (
        PAGE.replace("> Second.\n", ">\n").replace("> Remove it.\n", "").replace("> The files are the kernel's.\n", "")
    )
    page = page.replace("> What does it say?\n>\n> - a list of the body\n>\n> So?\n>\n", "")
    make(tmp_path, en_md=page)
    assert found(tmp_path) == [
        (f"en.md:{line_of(page, '[!TASK] clean-up')}", "The task clean-up has no text."),
        (f"en.md:{line_of(page, '[!QUESTION]')}", "The question why has no text."),
        (f"en.md:{line_of(page, '[!HINT] move', 2)}", "A hint for the task move has no text."),
        (f"en.md:{line_of(page, '[!ANSWER]')}", "The answer to the question why has no text."),
    ]


def test_titles_are_not_empty(tmp_path: Path) -> None:
    make(tmp_path, chapter_toml=CHAPTER.replace('"控制组"', '" "').replace('"Clean up"', '""').replace('"Why"', '""'))
    assert found(tmp_path) == [
        ("chapter.toml:1", "The title of cgroups is empty in zh."),
        (f"chapter.toml:{line_of(CHAPTER, '[[task]]', 2)}", "The title of cgroups/clean-up is empty in en."),
        (f"chapter.toml:{line_of(CHAPTER, '[[question]]')}", "The title of cgroups/why is empty in en."),
    ]


@pytest.mark.parametrize(
    "name", ["notes.txt", "scenes/mov.sh", "scenes/move.py", "solutions/mov", "wrong/a.sh", "fr.md", "chapter.toml~"]
)
def test_a_file_that_nothing_reads_is_a_stray(tmp_path: Path, name: str) -> None:
    folder = make(tmp_path)
    write(folder / name, "")
    assert found(tmp_path) == [(f"{name}:1", f"Nothing reads {name}.")]


def test_a_scene_that_no_step_names_is_a_stray(tmp_path: Path) -> None:
    make(tmp_path, chapter_toml=CHAPTER.replace('scene = "made"\n', ""))
    assert found(tmp_path) == [("scenes/made.sh:1", "Nothing reads scenes/made.sh.")]


def test_what_cannot_be_parsed_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, chapter_toml="x")
    with pytest.raises(ContentError):
        lint(tmp_path)


def test_the_course_itself_has_no_problems() -> None:
    content = Path(__file__).parents[2] / "content"
    assert [f"{problem.where} {problem.key} {dict(problem.params)}" for problem in lint(content)] == []


def test_a_script_that_cannot_be_executed_is_told(tmp_path: Path) -> None:
    make(tmp_path)
    script = next(tmp_path.glob("*/solutions/*/*"))
    script.chmod(0o644)
    ((where, told),) = found(tmp_path)
    assert where.endswith(f"/{script.name}:1")
    assert "chmod +x" in told
