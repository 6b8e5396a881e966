"""What was typed at which task."""

from __future__ import annotations

from lablib.session.typed import Command, commands, scripts

HISTORY = """\
#100
before
#110
mkdir test
#112
for x in a b
do echo $x
done
#120
rmdir test
#130
# a comment of mine
#140
second try
"""


def test_each_entry_has_its_time_also_where_it_has_several_lines() -> None:
    assert commands(HISTORY)[:3] == [
        Command(100, "before"),
        Command(110, "mkdir test"),
        Command(112, "for x in a b\ndo echo $x\ndone"),
    ]
    assert commands(HISTORY)[4].text == "# a comment of mine"


def test_a_file_without_times_or_cut_off_is_read_as_far_as_it_goes() -> None:
    assert commands("one\n#5") == [Command(0, "one")]
    assert commands("") == []
    assert commands("#5\n#6\ntwo") == [Command(6, "two")]


def test_several_shells_are_put_in_the_order_of_time() -> None:
    assert [one.text for one in commands("#3\nc\n#1\na\n#2\nb\n")] == ["a", "b", "c"]


def test_a_task_has_what_was_typed_until_it_was_left() -> None:
    found = scripts(HISTORY, "105 begin c/one\n120 end c/one\n125 begin c/two\n")
    assert found == {
        "c/one": "mkdir test\nfor x in a b\ndo echo $x\ndone\n",
        "c/two": "# a comment of mine\nsecond try\n",
    }


def test_the_last_time_that_anything_was_typed_counts() -> None:
    assert scripts(HISTORY, "105 begin c/one\n135 begin c/one\n") == {"c/one": "second try\n"}
    assert scripts(HISTORY, "135 begin c/one\n150 begin c/one\n") == {"c/one": "second try\n"}


def test_an_end_that_comes_late_ends_its_own_task_only() -> None:
    assert scripts(HISTORY, "105 begin c/one\n110 begin c/two\n111 end c/one\n")["c/two"].endswith("second try\n")


def test_lines_that_are_none_are_passed_over() -> None:
    assert scripts(HISTORY, "x\n105 begin\n105 begin c/one extra\n999999999999999 begin c/one\n") == {}
