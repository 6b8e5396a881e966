from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from lablib.errors import LabsError
from lablib.i18n import catalogue
from lablib.verdict import Result, Verdict
from tests.tui.fake_machine import FAILING, PASSING, chapter
from tui.chinese import teach_rich
from tui.lesson import text as lesson_text
from tui.lesson.state import TaskState
from tui.lesson.text import SCREEN_MESSAGES, Words, for_screen, visible


def test_control_and_invisible_characters_are_shown_not_obeyed() -> None:
    assert visible("a\x1b]52;c;x\x07b\x7f\x9b\u202e\u200b") == "a␛]52;c;x␇b␡\\x9b\\u202e\\u200b"
    assert visible("tab\there\n\n") == "tab    here"
    assert visible("1\n2\n3\n4", lines=2) == "1\n2\n…"


def test_both_languages_have_the_same_sentences() -> None:
    assert catalogue("en", SCREEN_MESSAGES).keys() == catalogue("zh", SCREEN_MESSAGES).keys()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_sentence_that_is_missing_shows_as_its_key(language: str) -> None:
    words = Words(language)
    assert words.why("no.such-key", {}) == "no.such-key"
    assert words.error(LabsError("no-such-error")) == ("error.no-such-error", "")
    assert "ValueError: a␛b" in words.error(ValueError("a\x1bb"))[0]


def test_why_is_the_check_s_sentence_with_its_parameters_made_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en.toml").write_text('[cgroups]\nbusy = "`test` still holds pid {pid}."\n')
    monkeypatch.setattr(lesson_text, "CHECK_MESSAGES", tmp_path)
    words = Words("en")
    assert words.why("cgroups.busy", {"pid": "9\x1b1"}) == "`test` still holds pid 9␛1."
    assert words.why("cgroups.busy", {}) == "cgroups.busy"


def test_fences_keep_only_the_first_word_of_their_info() -> None:
    assert for_screen("```bash {run id=x}\nls\n```\ntext") == "```bash\nls\n```\ntext"
    assert for_screen("~~~ {of=x}\n``` not a fence {y}\n~~~") == "~~~\n``` not a fence {y}\n~~~"


def test_chinese_lines_of_a_paragraph_are_joined_without_a_space() -> None:
    assert for_screen("每个进程\n都在树里。\n\n> 引用的\n> 一行") == "每个进程都在树里。\n\n> 引用的一行"
    assert for_screen("一个\ncgroup\n- 一\n- 二") == "一个\ncgroup\n- 一\n- 二"
    assert for_screen("```\n一\n二\n```") == "```\n一\n二\n```"


def test_chinese_lines_are_broken_anywhere_but_before_a_closing_mark() -> None:
    teach_rich()
    text = "把它的 pid 写进 cgroup.procs，它就离开了（另一个）。"
    lines = [str(line) for line in Text(text).wrap(Console(), 16)]
    assert [line.rstrip() for line in lines] == ["把它的 pid 写进", "cgroup.procs，它", "就离开了（另一", "个）。"]
    assert not any(line[0] in "，。）" or line.rstrip()[-1] == "（" for line in lines)


def test_a_goal_once_reached_stays_reached_and_its_loss_is_known(tmp_path: Path) -> None:
    state = TaskState(chapter(tmp_path).tasks[0], passed=False)
    state.begin()
    assert not state.take((PASSING, FAILING))
    assert state.take((PASSING,))
    assert not state.take((PASSING,))
    assert state.passed and not state.regressed
    state.take((FAILING,))
    assert state.passed and state.regressed
    state.begin()
    assert state.passed and not state.regressed


def test_a_task_passed_in_an_earlier_lesson_has_not_regressed_when_its_scene_is_new(tmp_path: Path) -> None:
    state = TaskState(chapter(tmp_path).tasks[0], passed=True)
    state.begin()
    state.take((FAILING,))
    assert state.passed and not state.regressed


def test_an_error_of_ours_does_not_pass_a_task(tmp_path: Path) -> None:
    state = TaskState(chapter(tmp_path).tasks[0], passed=False)
    state.take((PASSING, Result("x", Verdict.ERROR, "check.error")))
    assert not state.passed
