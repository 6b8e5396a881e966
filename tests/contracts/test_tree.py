"""What holds for every file of the project."""

from __future__ import annotations

import ast
import os
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CODE = ("labs", "tui", "lablib", "checkers", "tests", "bench")
MESSAGES = sorted(path.parent for path in PROJECT.rglob("messages/en.toml") if ".venv" not in path.parts)
LINES = 400
ERRORS = {"LabsError", "UsageError", "MachineError", "ContentError", "ProgressError", "BusyError"}


def files() -> list[Path]:
    """Every file of the project but what tools and set-ups leave in the checkout."""
    found = []
    for folder, folders, names in os.walk(PROJECT):
        folders[:] = [n for n in folders if n != "__pycache__" and (not n.startswith(".") or n == ".ci")]
        found += [Path(folder, name) for name in names if not name.startswith(".venv")]
    return found


def sources() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def texts(path: Path) -> dict[str, str]:
    def flat(table: dict[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
        for key, value in table.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}.")
            else:
                yield prefix + key, str(value)

    return dict(flat(tomllib.loads(path.read_text("utf-8"))))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_no_source_file_is_longer_than_one_subject() -> None:
    long = {str(p.relative_to(PROJECT)): n for p in sources() if (n := len(p.read_text("utf-8").splitlines())) >= LINES}
    assert not long


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    home = re.compile(rb"(?<![\w.])/(?:home|Users)/(?!ada\b|me\b|student\b)\w|" + re.escape(bytes(PROJECT)) + rb"\b")
    found = [str(p.relative_to(PROJECT)) for p in files() if home.search(p.read_bytes())]
    assert not found


def test_lock_files_pin_by_hash_and_name_no_index() -> None:
    for lock in PROJECT.glob("requirements*.lock"):
        text = lock.read_text("utf-8")
        pins = re.findall(r"^[a-z0-9-]+==.*?(?=^\S|\Z)", text, re.M | re.S)
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins)
        assert "://" not in text


@pytest.mark.parametrize("folder", MESSAGES, ids=lambda folder: str(folder.relative_to(PROJECT)))
def test_both_languages_have_the_same_sentences_with_the_same_places(folder: Path) -> None:
    en, zh = texts(folder / "en.toml"), texts(folder / "zh.toml")
    assert set(en) == set(zh)
    assert {key: placeholders(text) for key, text in en.items()} == {k: placeholders(t) for k, t in zh.items()}
    assert not [key for key, text in (en | zh).items() if not text.strip()]


def raised() -> dict[str, set[str]]:
    """The key of every error that the code makes, and the parameters it is made with."""
    keys: dict[str, set[str]] = {}
    for path in sources():
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in ERRORS:
                for key in _constants(node.args[0]):
                    keys.setdefault(key, set()).update(word.arg for word in node.keywords if word.arg)
    return keys


def _constants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return _constants(node.body) + _constants(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_every_error_has_a_sentence_and_a_remedy_that_its_parameters_fill() -> None:
    known = texts(PROJECT / "lablib/messages/en.toml")
    keys = raised()
    assert len(keys) > 20, "the search for errors finds them"
    for key, parameters in keys.items():
        for text in (known.get(f"error.{key}"), known.get(f"remedy.{key}")):
            assert text, f"{key} has no sentence or no remedy"
            assert placeholders(text) <= parameters, f"{key} is made without what its sentence needs"


def test_no_error_sentence_is_without_an_error() -> None:
    known = texts(PROJECT / "lablib/messages/en.toml")
    unused = {key.partition(".")[2] for key in known if key.startswith("error.")} - set(raised())
    assert not unused
    assert {k[6:] for k in known if k.startswith("error.")} == {k[7:] for k in known if k.startswith("remedy.")}
