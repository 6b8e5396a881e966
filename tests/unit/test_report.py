from __future__ import annotations

import json

import pytest

from lablib.grading.report import Report
from lablib.i18n import LANGUAGES, Catalogue, catalogue
from lablib.text import one_line, printable
from lablib.verdict import Evidence, Result, Verdict

CHECKS = Catalogue(
    "en",
    {
        "cgroups.busy": "`test` still holds pid {pid}.",
        "cgroups.odd": "{pid.x} {0}",
        "check.error": "Our fault.",
        "check.cgroups.memory-only.sleep-survives": "The `sleep` still runs",
    },
)
PASSED = Result("sleep-survives", Verdict.PASS, evidence=(Evidence("/proc/9/cgroup", "0::/test"),))
FAILED = Result(
    "only-memory",
    Verdict.FAIL,
    "cgroups.busy",
    "memory",
    "cpu",
    {"pid": "910"},
    (Evidence("/sys/fs/cgroup/test/cgroup.procs", "910\n911\n"),),
)


def report(*results: Result, notes: tuple[str, ...] = ()) -> Report:
    return Report("cgroups/memory-only", Verdict.FAIL, results, "guest", 1.23456, notes)


def test_what_is_worth_telling_is_told_once_the_whole_task_is_passed() -> None:
    told, words = Result("none-can-be-left-out", Verdict.PASS, told=("check.error", "of.nothing")), catalogue("en")
    assert report(told, PASSED).lines(CHECKS, words)[-1] == "Our fault."
    assert "Our fault." not in report(told, FAILED).lines(CHECKS, words)


def test_for_programs_it_has_exactly_the_stable_form() -> None:
    assert report(PASSED, FAILED, notes=("still-running",)).as_json(CHECKS) == {
        "task": "cgroups/memory-only",
        "verdict": "fail",
        "checks": [
            {
                "id": "sleep-survives",
                "verdict": "pass",
                "expected": "",
                "actual": "",
                "why": "",
                "evidence": [{"source": "/proc/9/cgroup", "text": "0::/test"}],
            },
            {
                "id": "only-memory",
                "verdict": "fail",
                "expected": "memory",
                "actual": "cpu",
                "why": "`test` still holds pid 910.",
                "evidence": [{"source": "/sys/fs/cgroup/test/cgroup.procs", "text": "910\n911\n"}],
            },
        ],
        "machine": "guest",
        "seconds": 1.235,
        "score": 0.0,
    }


def test_for_programs_it_is_plain_json_with_its_keys_in_order() -> None:
    value = report(FAILED).as_json(CHECKS)
    assert json.loads(json.dumps(value)) == value
    assert list(value) == ["task", "verdict", "checks", "machine", "seconds", "score"]
    assert list(value["checks"][0]) == ["id", "verdict", "expected", "actual", "why", "evidence"]
    assert type(value["verdict"]) is str


@pytest.mark.parametrize(
    ("key", "params", "why"),
    [
        ("cgroups.busy", {}, "cgroups.busy"),
        ("cgroups.unheard-of", {"pid": "1"}, "cgroups.unheard-of"),
        ("cgroups.odd", {"pid": "1"}, "cgroups.odd"),
        ("cgroups.busy", {"pid": "1", "key": "x", "self": "y"}, "cgroups.busy"),
        ("cgroups.busy", {"pid": "{0} {x}"}, "`test` still holds pid {0} {x}."),
        ("check.error", {}, "Our fault."),
    ],
)
def test_a_sentence_that_cannot_be_had_is_its_key(key: str, params: dict[str, str], why: str) -> None:
    result = Result("x", Verdict.FAIL, key, params=params)
    assert report(result).as_json(CHECKS)["checks"][0]["why"] == why


def test_for_people_a_failed_check_says_what_was_found_and_why() -> None:
    assert report(PASSED, FAILED).lines(CHECKS, catalogue("en")) == [
        "✓ The `sleep` still runs",
        "✗ only-memory",
        "    expected: memory",
        "    found: cpu",
        "    `test` still holds pid 910.",
        "    /sys/fs/cgroup/test/cgroup.procs:",
        "        910",
        "        911",
    ]


def test_for_people_each_verdict_has_its_own_mark() -> None:
    results = [Result("x", verdict) for verdict in Verdict]
    lines = report(*results).lines(CHECKS, catalogue("en"))
    assert len({line[0] for line in lines}) == len(Verdict)
    assert {line[1:] for line in lines} == {" x"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_for_people_a_note_comes_last_as_a_sentence(language: str) -> None:
    lines = report(PASSED, notes=("still-running",)).lines(CHECKS, catalogue(language))
    assert lines[-1] == catalogue(language).text("grading.note.still-running")


def test_nothing_from_the_machine_moves_the_cursor_or_ends_a_line() -> None:
    nasty = "a\x1b[2Jb\nc\rd\u202ee\x9bf"
    result = Result(nasty, Verdict.FAIL, "cgroups.busy", nasty, nasty, {"pid": nasty}, (Evidence(nasty, nasty),))
    lines = report(result).lines(CHECKS, catalogue("en"))
    shown = "a␛[2Jb⏎c␍d\\u202ee\\x9bf"
    assert lines == [
        f"✗ {shown}",
        f"    expected: {shown}",
        f"    found: {shown}",
        f"    `test` still holds pid {shown}.",
        f"    {shown}:",
        "        a␛[2Jb",
        "        c␍d\\u202ee\\x9bf",
    ]
    assert all(line.isprintable() for line in lines)


def test_for_programs_text_is_left_as_it_was() -> None:
    result = Result("x", Verdict.FAIL, actual="a\x1bb")
    assert report(result).as_json(CHECKS)["checks"][0]["actual"] == "a\x1bb"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x00\x7f\x85", "␀␡\\x85"),
        ("\u200b\u2066\u2028\ud800\U000e0001", "\\u200b\\u2066\\u2028\\ud800\\U000e0001"),
        ("控制组 é 🙂", "控制组 é 🙂"),
        ("a\tb\n\nc\n\n", "a    b\n\nc"),
        ("", ""),
    ],
)
def test_what_no_reader_sees_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_one_line_is_one_line() -> None:
    assert one_line("a\nb\n") == "a⏎b"
