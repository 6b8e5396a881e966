"""Parameters of tasks: how they are declared, drawn, shown and refused."""

from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lablib.course.lint import lint
from lablib.course.parser import load_chapter
from lablib.errors import ContentError, LabsError
from lablib.grading.drawing import Secret, read_secret
from lablib.grading.job import Job, grade
from lablib.parameters import PLACEHOLDER, VALUE, Pattern, Range, accepted, defaults, parameter
from lablib.student import canonical, is_student
from tests.unit.made_course import CHAPTER, PAGE, line_of, make, says

TASK = "cgroups/out-of-memory"
SMALL = parameter({"default": "small", "pattern": "small-@@@@"})
NAP = parameter({"default": "1d", "pattern": "9#####"})
ROOM = parameter({"default": 20, "from": 12, "to": 28})
DECLARED = {"small": SMALL, "nap": NAP, "room": ROOM}
SECRET = Secret(b"0123456789abcdef")
HOSTILE = (
    "", "a b", "$(id)", "`id`", "a;b", "../up", "/etc", "<b>", "a\nb", "a\n", "{{small}}", "*", "-rf", "名字", "x" * 65,
    "small-cn8p\n", "small-cn8P", "Small-cn8p", "small-cn8", "small-cn8pp", 7, None, ["small-cn8p"],
)  # fmt: skip


# Declared


@pytest.mark.parametrize(
    "value",
    [
        "small", 3, [], {}, {"default": "a"}, {"default": "a", "pattern": "plain"}, {"default": "a b", "pattern": "@"},
        {"default": "a", "pattern": "$(@)"}, {"default": "a", "pattern": "-@"}, {"default": "a", "pattern": "@" * 65},
        {"default": "a", "pattern": "@", "more": 1}, {"default": 3, "from": 5, "to": 4},
        {"default": -1, "from": 1, "to": 2},
        {"default": True, "from": 1, "to": 2}, {"default": 1, "from": 1, "to": 2, "step": 0},
        {"default": 1, "from": 0, "to": 10**12}, {"default": 1, "from": 1, "to": 2.5},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_parameter_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        parameter(value)


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_no_value_is_accepted_that_could_not_have_been_drawn(value: Any) -> None:
    with pytest.raises(ValueError):
        accepted({"small": SMALL}, {"small": value})


@pytest.mark.parametrize("values", [None, [], "small", {}, {"small": "small", "room": "20"}, {"other": "small"}])
def test_values_are_those_that_are_declared_all_and_no_others(values: Any) -> None:
    with pytest.raises(ValueError):
        accepted({"small": SMALL}, values)


def test_the_default_and_whatever_was_drawn_are_accepted() -> None:
    assert accepted(DECLARED, dict(defaults(DECLARED))) == {"small": "small", "nap": "1d", "room": "20"}
    for student in map(str, range(500)):
        drawn = dict(SECRET.values(student, TASK, DECLARED))
        assert accepted(DECLARED, drawn) == drawn
        assert all(VALUE.fullmatch(value) for value in drawn.values())


# Drawn


@pytest.mark.parametrize(
    ("student", "small", "nap", "room"),
    [
        ("ann", "small-g3jg", "904582", "16"),
        ("Zoë", "small-gkfw", "955328", "26"),
        ("李雷", "small-zdjm", "941702", "20"),
    ],
)
def test_what_was_drawn_once_is_drawn_again(student: str, small: str, nap: str, room: str) -> None:
    assert SECRET.values(student, TASK, DECLARED) == {"small": small, "nap": nap, "room": room}


def test_another_student_task_name_or_secret_is_another_value() -> None:
    drawn = [
        SECRET.values("ann", TASK, {"small": SMALL})["small"],
        SECRET.values("bob", TASK, {"small": SMALL})["small"],
        SECRET.values("ann", "cgroups/other", {"small": SMALL})["small"],
        SECRET.values("ann", TASK, {"other": SMALL})["other"],
        Secret(b"0123456789abcdeg").values("ann", TASK, {"small": SMALL})["small"],
        SECRET.values('ann", "cgroups/x', TASK, {"small": SMALL})["small"],
    ]
    assert len(set(drawn)) == len(drawn)


def test_every_number_of_a_range_is_drawn_about_as_often() -> None:
    count = Counter(SECRET.values(str(number), TASK, {"room": ROOM})["room"] for number in range(17_000))
    assert set(count) == {str(number) for number in range(12, 29)}
    assert min(count.values()) > 800 and max(count.values()) < 1200  # six standard deviations of 1000


def test_few_of_many_students_have_one_name_by_chance() -> None:
    names = [SECRET.values(str(number), TASK, {"small": SMALL})["small"] for number in range(1000)]
    assert len(set(names)) > 990  # a thousand of 390625 meet about once
    places = [Counter(name[place] for name in names) for place in range(6, 10)]
    assert all(len(letters) == 25 for letters in places)


def test_each_number_is_one_value_and_each_value_one_number() -> None:
    short = Pattern("a", "x@#")
    values = [short.drawn(number) for number in range(short.possibilities)]
    assert len(set(values)) == short.possibilities == 250
    assert Range("1", range(2, 9, 3)).possibilities == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "ann"), (" ann ", "ann"), ("Zoë", "Zoe\u0308"), ("ZOË", "zoë"), ("ａｎｎ", "ann"), ("ﬁn", "FIN"),
        ("Straße", "STRASSE"), ("a\u00a0 b", "a b"),
    ],
)  # fmt: skip
def test_one_student_has_one_set_of_values_however_the_id_is_written(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)
    assert SECRET.values(one, TASK, DECLARED) == SECRET.values(other, TASK, DECLARED)


@pytest.mark.parametrize("student", ["", "'; rm -rf /", "\\udcff", "x" * 5000, "🦀", "\u202eann", "a/b", "{}"])
def test_the_strangest_id_has_plain_values(student: str) -> None:
    assert all(VALUE.fullmatch(value) for value in SECRET.values(student, TASK, DECLARED).values())


@pytest.mark.parametrize("id", ["", " ann", "a/b", ".ann", "a\nb", "a\x1bb", "x" * 65, "\u202eann"])
def test_what_cannot_be_part_of_a_files_name_is_no_students_id(id: str) -> None:
    assert not is_student(id)


@pytest.mark.parametrize("id", ["ann", "Zoë", "李雷", "ann+2@example.org", "a b", "-x"])
def test_people_may_be_called_as_they_are(id: str) -> None:
    assert is_student(id)


# On the way to a worker


def test_a_job_has_the_values_of_one_student_and_no_name() -> None:
    job = Job("ann", TASK, b"true", parameters=SECRET.values("ann", TASK, {"small": SMALL}))
    assert job.as_json()["parameters"] == job.parameters
    assert "ann" not in json.dumps(job.as_json())


@pytest.mark.parametrize(
    "more",
    [{"parameters": {"small": "a;b"}}, {"parameters": {}}, {"parameters": None}, {"file": "../../etc/passwd"}],
    ids=str,
)
def test_a_worker_grades_by_nothing_that_the_course_does_not_know(more: dict[str, Any]) -> None:
    job = Job("ann", TASK, b"true", parameters={"small": "small"}).as_json() | more
    (report,) = json.loads(grade(json.dumps([job])))
    assert (report["verdict"], report["machine"]) == ("error", "none")


# The secret


def test_a_secret_is_read_without_the_blanks_around_it_and_shows_itself_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"  0123456789abcdef\n")
    path.chmod(0o600)
    secret = read_secret(path)
    assert secret.values("ann", TASK, DECLARED) == SECRET.values("ann", TASK, DECLARED)
    assert "0123" not in f"{secret!r} {secret} {vars(type(secret))}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    ("content", "mode", "key"),
    [
        (b"0123456789abcdef", 0o640, "secret-open"),
        (b"0123456789abcdef", 0o604, "secret-open"),
        (b"short", 0o600, "secret-length"),
        (b" " * 100, 0o600, "secret-length"),
        (b"x" * 5000, 0o600, "secret-length"),
        (None, 0o600, "secret-unreadable"),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes | None, mode: int, key: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(LabsError) as caught:
        read_secret(path)
    assert caught.value.key == key
    assert "0123" not in str(caught.value)


# In a chapter

WITH = CHAPTER.replace(
    'needs = ["controller:memory"]\n', '[task.parameters]\ngroup = { default = "test", pattern = "test-@@@@" }\n'
)
SHOWN = PAGE.replace("> Move it.", "> Move it to `{{group}}`.").replace("rm -r test", "rm -r {{group}}")


def test_a_page_shows_the_default_or_the_values_it_is_given(tmp_path: Path) -> None:
    folder = make(tmp_path, chapter_toml=WITH, en_md=SHOWN, zh_md=SHOWN)
    plain = load_chapter(folder)
    assert plain.tasks[0].body["en"].startswith("Move it to `test`.")
    assert plain.tasks[0].parameters == {"group": "test"}
    drawn = load_chapter(folder, {"cgroups/move": {"group": "test-cn8p"}})
    assert drawn.tasks[0].body["zh"].startswith("Move it to `test-cn8p`.")
    assert drawn.tasks[0].parameters == {"group": "test-cn8p"}
    assert [step.commands for step in drawn.steps if step.id == "try"] == ["rm -r test-cn8p\n"]


def test_go_templates_and_shell_braces_are_no_placeholders() -> None:
    for text in ("{{.GraphDriver.Data}}", "{{ group }}", "${{group}", "{a,b}", "{{Group}}", "{{}}"):
        assert not PLACEHOLDER.search(text), text


def test_a_parameter_that_no_task_has_is_named_with_its_line(tmp_path: Path) -> None:
    page = SHOWN.replace("Between.", "Between {{gruop}}.")
    folder = make(tmp_path, chapter_toml=WITH, en_md=page, zh_md=SHOWN)
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "en.md", line_of(page, "Between"), "gruop")


def test_lint_names_a_parameter_that_a_page_does_not_show(tmp_path: Path) -> None:
    make(tmp_path, chapter_toml=WITH, en_md=SHOWN, zh_md=PAGE.replace("rm -r test", "rm -r test"))
    unshown = [(Path(one.where).name, one.params) for one in lint(tmp_path) if one.key == "unshown"]
    assert unshown == [("zh.md:1", {"parameter": "group", "task": "cgroups/move"})]


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('group = { default = "a b", pattern = "@" }', "letters and digits"),
        ('Group = { default = "a", pattern = "@" }', "lower case"),
        ('"a-b" = { default = "a", pattern = "@" }', "lower case"),
        ("group = 3", "a parameter is"),
    ],
)
def test_a_broken_declaration_is_named_with_its_line(tmp_path: Path, declared: str, said: str) -> None:
    text = re.sub("group = .*", lambda _: declared, WITH, count=1)
    folder = make(tmp_path, chapter_toml=text)
    with pytest.raises(ContentError) as caught:
        load_chapter(folder)
    says(caught, folder / "chapter.toml", line_of(text, declared), said)


def test_two_tasks_of_a_chapter_have_no_parameter_of_one_name(tmp_path: Path) -> None:
    more = 'title = { en = "Clean up", zh = "清理" }\npoints = 5\n'
    text = WITH.replace(more, f'{more}[task.parameters]\ngroup = {{ default = "b", pattern = "@" }}\n')
    folder = make(tmp_path, chapter_toml=text)
    with pytest.raises(ContentError, match="taken by the task"):
        load_chapter(folder)
