"""What grading found, for programs (`as_json`, a stable form) and for people (`lines`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lablib.i18n import Catalogue
from lablib.text import one_line, printable
from lablib.verdict import REGISTRY, Result, Verdict, overall

MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.BLOCKED: "…", Verdict.ERROR: "!"}
_INDENT = "    "


@dataclass(frozen=True)
class Report:
    """The verdict on a task and how each check came out."""

    task: str
    """`chapter/task`."""
    verdict: Verdict
    results: tuple[Result, ...]
    machine: str
    """The kind of machine that was graded, such as `guest`."""
    seconds: float
    """From asking for a machine to the verdict."""
    notes: tuple[str, ...] = ()
    """What else is worth saying: keys of sentences `grading.note.KEY`."""
    transcript: str = ""
    """What the script printed, as far as it was kept: for people, no verdict comes from it."""

    @property
    def score(self) -> float | None:
        """What was earned of the task's points, from 0 to 1; None where it cannot be said."""
        return REGISTRY.score(self.task, self.results)

    @property
    def count(self) -> int | None:
        """How many there are of what the task wants few of; None where it wants nothing of the kind, or that failed."""
        return next((result.count for result in self.results if result.count is not None), None)

    def as_json(self, checks: Catalogue) -> dict[str, Any]:
        """The form that `labs check --json` prints. `checks` holds the checkers' sentences."""
        return {
            "task": self.task,
            "verdict": str(self.verdict),
            "checks": [
                {
                    "id": result.id,
                    "verdict": str(result.verdict),
                    "expected": result.expected,
                    "actual": result.actual,
                    "why": why(result, checks),
                    "evidence": [{"source": e.source, "text": e.text} for e in result.evidence],
                }
                for result in self.results
            ],
            "machine": self.machine,
            "seconds": round(self.seconds, 3),
            "score": self.score,
        }

    def lines(self, checks: Catalogue, ui: Catalogue) -> list[str]:
        """One line for each check, below one that did not pass what it found, and the notes. Text that came from
        the machine is made printable. `ui` is the catalogue of lablib/messages."""
        lines = []
        for result in self.results:
            lines.append(f"{MARKS[result.verdict]} {described(self.task, result, checks)}")
            if result.verdict is not Verdict.PASS:
                lines += [_INDENT + line for line in _found(result, checks, ui)]
        lines += told(self.results, checks)
        return lines + [ui.text(f"grading.note.{note}") for note in self.notes]


def described(task: str, result: Result, checks: Catalogue) -> str:
    """What the check is that found `result`; its id where `checks` has no sentence for it."""
    key = f"check.{task.replace('/', '.')}.{result.id}"
    return _sentence(checks, key, result) if key in checks else one_line(result.id)


def why(result: Result, checks: Catalogue) -> str:
    """The sentence that says which rule was in the way; empty for what passed. The key itself where `checks` has no
    such sentence or it wants other parameters: results cross a wire, and a report must not fail on one."""
    if result.verdict is Verdict.PASS or not result.key:
        return ""
    return _sentence(checks, result.key, result)


def _sentence(checks: Catalogue, key: str, result: Result) -> str:
    try:
        return checks.text(key, **result.params)
    except (LookupError, ValueError, AttributeError, TypeError):
        return key


def told(results: tuple[Result, ...], checks: Catalogue) -> list[str]:
    """What is worth telling now that each of `results` passed; nothing before."""
    if overall(results) is not Verdict.PASS:
        return []
    return [checks.text(key) for result in results for key in result.told if key in checks]


def _found(result: Result, checks: Catalogue, ui: Catalogue) -> list[str]:
    lines = []
    if result.expected:
        lines.append(ui.text("grading.expected", text=one_line(result.expected)))
    if result.actual:
        lines.append(ui.text("grading.actual", text=one_line(result.actual)))
    if sentence := why(result, checks):
        lines.append(one_line(sentence))
    for evidence in result.evidence:
        lines.append(f"{one_line(evidence.source)}:")
        lines += [_INDENT + line for line in printable(evidence.text).split("\n")]
    return lines
