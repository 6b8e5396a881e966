"""Every report, of made-up results with hostile names, held against its format's schema or read by its reader."""

from __future__ import annotations

import base64
import csv
import io
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pytest

from lablib.course.index import chapter_folders
from lablib.course.structure import read_structures
from lablib.grading.assignment import Assignment, assignment
from lablib.grading.formats import FORMATS, file_name, render
from lablib.grading.job import failed
from lablib.grading.ledger import Entry
from lablib.grading.report import Report
from lablib.grading.results import SCHEMA, as_json, collect
from lablib.grading.submissions import Folder, Piece, Submission
from lablib.i18n import CHECK_MESSAGES, LANGUAGES, catalogue
from lablib.text import one_line
from lablib.verdict import Evidence, Result, Verdict
from tests.gradescope import RESULTS

PROJECT = Path(__file__).parents[2]
TASK, OTHER, THIRD = "cgroups/memory-only", "cgroups/clean-up", "cgroups/frozen"
HOSTILE = (
    "=1+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "+1", "\t=1", "a,b\"c", "<script>alert(1)</script>", "&amp;'\"",
    "\x1b[31mred\x07", "\u202egnp.exe", "s\udcff", "]]>", "\ufffe\x00", "../../up", "x" * 300, "名字",
)  # fmt: skip


def results(language: str = "en") -> dict[str, Any]:
    course = assignment(read_structures(Path(folder) for folder in chapter_folders(str(PROJECT / "content"))))
    return as_json(collect(*made(course)), course, "1", catalogue(language, CHECK_MESSAGES))  # type: ignore[arg-type]


def made(course: Assignment) -> tuple[list[Submission], Assignment, dict[tuple[str, str], Entry]]:
    """A submission for each hostile name, which is also all that its checks found and its script printed."""
    cohort, entries = [], {}
    for number, raw in enumerate(HOSTILE):
        name = one_line(raw)
        pieces = {task: Piece(task, answer=1) for task in (TASK, OTHER, THIRD)}
        cohort.append(Submission(name, name, Folder(Path("/nonexistent")), pieces, (name,)))
        found = Result("a", Verdict.FAIL, "cgroups.no-such", raw, raw, {"x": raw}, (Evidence(raw, f"{raw}\n{raw}"),))
        best = Result("b", Verdict.PASS, count=90 - number)
        passed = Report(OTHER, Verdict.PASS, (best,), "guest", 0.25, ("still-running",), raw)
        for report in (Report(TASK, Verdict.FAIL, (found,), "guest", 1.5, (), raw), passed, failed(THIRD, "k", raw)):
            before = ((Verdict.PASS, 1.0),) if report is passed else ()
            entries[name, report.task] = Entry(f"sha256:{'0' * 64}", report, report.score, before=before)
    cohort.append(Submission("broken", "broken", Folder(Path("/nonexistent")), {}, fault="not a zip"))
    return cohort, course, entries


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def files(name: str, language: str = "en") -> dict[str, str]:
    return dict(render(name, results(language), catalogue(language)))


def test_own_json_keeps_its_schema(language: str) -> None:
    jsonschema.validate(results(language), json.loads(SCHEMA.read_text("utf-8")))


def test_the_schema_is_one_and_refuses_what_is_not_its_form() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for break_it in ({"version": 2}, {"submissions": [{}]}, {"more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(results() | break_it, schema)


@pytest.mark.parametrize("name", FORMATS)
def test_no_report_carries_what_a_terminal_or_a_reader_would_obey(name: str, language: str) -> None:
    for path, text in files(name, language).items():
        assert path.count("/") <= 1 and ".." not in path.split("/")
        assert not [character for character in "\x1b\x00\x07\u202e\udcff" if character in text]
        text.encode()


def test_what_is_anothers_is_told_to_who_grades_and_to_no_student(language: str) -> None:
    value = results(language)
    one = value["submissions"][0]
    one["listed"] = False
    one["tasks"][0]["parameters"] = {"small": "small-cn8p"}
    other = {
        "student": "<b>&ann",
        "parameters": {"small": "small-qvp8"},
        "places": ["script", "machine"],
        "chance": 5e-6,
    }
    one["tasks"][0]["carries"] = [other]
    jsonschema.validate(value, json.loads(SCHEMA.read_text("utf-8")))
    for name in FORMATS:
        for text in render(name, value, catalogue(language)).values():
            assert ("small-qvp8" in text) == (name == "html")
    (page,) = render("html", value, catalogue(language)).values()
    assert "<b>&ann" not in page and "&lt;b&gt;&amp;ann" in page
    assert "200000" in page and "small = small-cn8p" in page
    with pytest.raises(jsonschema.ValidationError):
        one["tasks"][0]["carries"] = [other | {"chance": 0.5}]
        jsonschema.validate(value, json.loads(SCHEMA.read_text("utf-8")))


def test_a_spreadsheet_reads_csv_and_computes_nothing() -> None:
    rows = list(csv.reader(io.StringIO(files("csv")["results.csv"])))
    assert rows[0] == ["submission", "student", "score", "points", "max_points", TASK, OTHER, THIRD]
    assert [len(row) for row in rows] == [8] * (len(HOSTILE) + 2)
    for row, name in zip(rows[1:], HOSTILE, strict=False):
        assert row[0].removeprefix("'") == one_line(name)
        assert not row[0].startswith(("=", "+", "-", "@", "\t"))
        assert [float(cell) if cell else None for cell in row[3:]] == [10, 30, 0, 10, None]


def test_a_junit_reader_finds_every_verdict() -> None:
    suites = list(junitparser.JUnitXml.fromstring(files("junit")["junit.xml"].encode()))
    assert [suite.name for suite in suites] == [*map(one_line, HOSTILE), "broken"]
    for suite, name in zip(suites, HOSTILE, strict=False):
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 1, 1, 0)
        failure, passed, error = list(suite)
        assert [case.name for case in suite] == [TASK, OTHER, THIRD]
        assert isinstance(failure.result[0], junitparser.Failure) and not passed.result
        assert isinstance(error.result[0], junitparser.Error)
        assert (
            one_line(name).rstrip() in " ".join(failure.result[0].text.split()) or "no-such" in failure.result[0].text
        )


def test_gradescope_is_told_in_its_form_and_what_was_not_graded_costs_nothing(language: str) -> None:
    made = files("gradescope", language)
    assert len(made) == len(HOSTILE) + 1
    for path, text in made.items():
        value = json.loads(text)
        jsonschema.validate(value, RESULTS)
        if path == "gradescope/broken.json":
            assert "score" not in value and value["output"] == "not a zip"
            continue
        assert value["score"] == pytest.approx(10 / 30 * 40, abs=0.001)
        assert [test.get("status") for test in value["tests"]] == ["failed", "passed", None]


READER = """
const value = JSON.parse(Buffer.from(process.env.LABS_RESULTS, "base64").toString("utf-8"));
if (!["pass", "fail", "error"].includes(value.status)) throw new Error(value.status);
let total = 0;
value.tests.forEach(({ score, name, status }) => {
  if (!["pass", "fail", "error"].includes(status) || !name) throw new Error(name);
  total += score;
});
console.log(JSON.stringify({ totalPoints: total, maxPoints: value.max_score, status: value.status }));
"""
"""Reads what the reporter reads, as it does: the environment, base64, JSON, and sums."""


@pytest.mark.skipif(shutil.which("node") is None, reason="node, which runs the reporter, is not installed")
def test_a_classroom_reporter_sums_what_was_earned() -> None:
    made = files("classroom")
    assert len(made) == len(HOSTILE) + 1
    for text in list(made.values())[:3]:
        encoded = base64.b64encode(text.encode()).decode()
        done = subprocess.run(
            ["node", "-e", READER],
            env={"LABS_RESULTS": encoded, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=True,
        )
        assert json.loads(done.stdout) == {"totalPoints": 10, "maxPoints": 30, "status": "error"}


class Elements(HTMLParser):
    """What a browser would make of a page, as far as it matters here."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_everything_and_runs_nothing(language: str) -> None:
    page = Elements(files("html", language)["report.html"])
    assert page.open == []
    assert not {"script", "img", "iframe", "link", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "style")]
    assert all(value and value.startswith("#s") for name, value in page.attributes if name == "href")
    for name in HOSTILE:
        assert one_line(name) in page.text
    assert page.tags.count("section") == len(HOSTILE) + 1
    assert "not a zip" in page.text


def test_no_two_submissions_share_a_file() -> None:
    names = [file_name(one) for one in ("a/b", "a_b", "a\\b", "..", ".", "", "A", "名", "字", "x" * 300, "x" * 301)]
    assert len(set(names)) == len(names)
    assert all(name and not name.startswith(".") and len(name) < 200 and "/" not in name for name in names)
    assert file_name("cgroups-ada_1@x.org") == "cgroups-ada_1@x.org"


def test_the_page_tells_who_has_the_fewest_of_what_a_task_wants_few_of(language: str) -> None:
    page = files("html", language)["report.html"]
    board = page.partition('<table class="fewest">')[2].partition("</table>")[0]
    rows = [row.split("</td>") for row in board.split("<tr><td>")[1:]]
    assert [int(count) for count, _ in rows] == list(range(91 - len(HOSTILE), 91))
    assert f'<a href="#s{len(HOSTILE) - 1}">{one_line(HOSTILE[-1])}</a>' in rows[0][1]
    assert page.count('<table class="fewest">') == 1
