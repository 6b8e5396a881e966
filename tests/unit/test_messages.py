"""Each catalogue says the same in every language, and everything the code asks it for."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib import errors
from lablib.course.model import Chapter, Step
from lablib.course.parser import load_course
from lablib.i18n import CHECK_MESSAGES, LANGUAGES, MESSAGES, Catalogue, catalogue

PROJECT = Path(__file__).parents[2]
CONTENT = PROJECT / "content"
FOLDERS = (MESSAGES, CHECK_MESSAGES, PROJECT / "tui/messages")
OUR_CODE = [path for part in ("lablib", "checkers", "labs", "tui") for path in sorted((PROJECT / part).rglob("*.py"))]


def fields(words: Catalogue, key: str) -> set[str]:
    """The parameters of a sentence. Asking for them also proves that its braces are in order."""

    class Asked(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return ""

    asked = {name for _, name, _, _ in string.Formatter().parse(raw(words, key)) if name is not None}
    assert raw(words, key).format_map(Asked()) == words.text(key, **dict.fromkeys(asked, ""))
    return asked


def raw(words: Catalogue, key: str) -> str:
    return words._texts[key]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_language_has_the_same_keys(folder: Path) -> None:
    keys = {language: catalogue(language, folder).keys() for language in LANGUAGES}
    assert keys["en"] ^ keys["zh"] == frozenset()
    assert keys["en"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_a_sentence_has_the_same_parameters_in_every_language_and_is_not_empty(folder: Path) -> None:
    english, chinese = (catalogue(language, folder) for language in ("en", "zh"))
    for key in english.keys() & chinese.keys():
        assert fields(english, key) == fields(chinese, key), key
        assert english.text(key, **dict.fromkeys(fields(english, key), "x")).strip(), key
        assert chinese.text(key, **dict.fromkeys(fields(chinese, key), "x")).strip(), key


def test_every_error_has_a_remedy_and_no_remedy_is_without_its_error() -> None:
    keys = catalogue("en").keys()
    said, mended = ({key.removeprefix(of) for key in keys if key.startswith(of)} for of in ("error.", "remedy."))
    assert said ^ mended == set()
    assert said


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_machine_lacks_is_told_in_words(language: str) -> None:
    words = catalogue(language)
    asked = {need for chapter in load_course(CONTENT).chapters for need in needs_of(chapter)}
    for need in asked:
        kind, _, name = need.partition(":")
        assert (f"need.feature.{name}" if kind == "feature" else f"need.{kind}") in words
    told = {"en": "not here: no program tree, feature:odd", "zh": "本机缺少 程序 tree、feature:odd"}
    screen = catalogue(language, PROJECT / "tui/messages")
    assert screen.text("screen.map_lacks", needs="program:tree, feature:odd") == told[language]


def needs_of(chapter: Chapter) -> Iterator[str]:
    for task in chapter.tasks:
        yield from task.needs
    for block in chapter.blocks["en"]:
        if isinstance(block, Step):
            yield from block.needs


def calls(path: Path) -> Iterator[tuple[str, ast.Call, str]]:
    """Each call in a file of ours whose first argument is a text: what is called, the call, that text."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if isinstance(node.args[0].value, str):
                yield name, node, node.args[0].value


def named(call: ast.Call) -> set[str] | None:
    """The names of a call's keyword arguments; None where some are only known when it runs."""
    names = {keyword.arg for keyword in call.keywords}
    return None if None in names else {name for name in names if name}


def error_classes() -> set[str]:
    """LabsError and everything derived from it, by name."""
    found = {errors.LabsError.__name__}
    classes = [node for path in OUR_CODE for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    bases = {
        node.name: {getattr(base, "id", "") for base in node.bases}
        for node in classes
        if isinstance(node, ast.ClassDef)
    }
    for _ in bases:
        found |= {name for name, of in bases.items() if of & found}
    return found


def test_every_error_raised_has_its_sentence_and_remedy_with_all_their_parameters() -> None:
    words, classes, seen = catalogue("en"), error_classes(), 0
    for path in OUR_CODE:
        for name, call, key in calls(path):
            if name not in classes:
                continue
            place = f"{path.relative_to(PROJECT)}:{call.lineno} {key}"
            assert f"error.{key}" in words and f"remedy.{key}" in words, place
            given = named(call)
            if given is not None:
                assert fields(words, f"error.{key}") | fields(words, f"remedy.{key}") <= given, place
            seen += 1
    assert seen


def test_every_failure_of_a_check_has_its_sentence_with_all_its_parameters() -> None:
    words, seen = catalogue("en", CHECK_MESSAGES), 0
    for path in OUR_CODE:
        for name, call, key in calls(path):
            if name in ("Failure", "Blocked"):
                place = f"{path.relative_to(PROJECT)}:{call.lineno} {key}"
                assert key in words, place
                given = named(call)
                assert given is None or fields(words, key) <= given, place
                seen += 1
    assert seen


@pytest.mark.parametrize("key", ["check.error", "grading.machine-lost", "grading.kept-forking"])
def test_what_grading_itself_finds_has_a_sentence_without_parameters(key: str) -> None:
    for language in LANGUAGES:
        assert catalogue(language, CHECK_MESSAGES).text(key)


def test_every_check_has_a_description_in_every_language() -> None:
    import checkers
    from lablib.verdict import REGISTRY

    assert checkers.cgroups
    ids = {f"check.{task.replace('/', '.')}.{check.id}" for task in REGISTRY.tasks() for check in REGISTRY.checks(task)}
    assert ids
    for language in LANGUAGES:
        assert ids - catalogue(language, CHECK_MESSAGES).keys() == set()
