"""Reports for other programs and for people, each made of what results.json says (`results.as_json`): every text in it
is harmless to look at already, and is quoted once more as its format wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from lablib.i18n import Catalogue

Files = Mapping[str, str]
"""Texts by their paths in the folder of results."""
Format = Callable[[Mapping[str, Any], Catalogue], Files]
"""Makes a report of the form of results.json; the catalogue is that of lablib/messages."""

FORMATS = ("csv", "junit", "html", "gradescope", "classroom")
USUAL = FORMATS[:3]
"""Those that are one file for all submissions."""


def render(name: str, results: Mapping[str, Any], words: Catalogue) -> Files:
    """The report called `name`, one of FORMATS."""
    module = import_module(f"lablib.grading.formats.as_{name}")
    made: Files = module.render(results, words)
    return made


def outcome(task: Mapping[str, Any]) -> str:
    """Why a task came out as it did: a line for each check that did not pass."""
    return "\n".join(
        f"{check['description']}: {check['why'] or check['actual']}"
        for check in task["checks"]
        if check["verdict"] != "pass"
    )


def named(parameters: Mapping[str, str]) -> str:
    """Parameters in a line."""
    return ", ".join(f"{name} = {value}" for name, value in parameters.items())


def carried(other: Mapping[str, Any], words: Catalogue) -> Mapping[str, str]:
    """What fills the sentence about what a task has of another student's parameters."""
    odds = f"{1 / other['chance']:.2g}"
    return {
        "student": other["student"],
        "parameters": named(other["parameters"]),
        "places": ", ".join(words.text(f"report.place-{place}") for place in other["places"]),
        "odds": f"{float(odds):.0f}",
    }


def file_name(submission: str) -> str:
    """A file's name for a submission: its own where that can be one, else with a digest of it, for none may stand for
    another."""
    from hashlib import sha256

    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.@+") else "_" for c in submission)[:100].lstrip(".")
    return plain if plain == submission != "" else f"{plain}-{sha256(submission.encode()).hexdigest()[:12]}"
