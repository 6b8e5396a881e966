"""Submissions that carry what was drawn for another student: a name or a nonce that stands in the script, or that the
checks met on the machine. It is told and never changes a score, for it proves no more than that it was there; how
likely that is by chance is told with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lablib.grading.assignment import Assignment
from lablib.grading.report import Report
from lablib.parameters import Pattern, Values
from lablib.student import canonical

SCRIPT, MACHINE = "script", "machine"
BY_CHANCE = 0.01
"""What is likelier than this is not told: it may be nobody's doing."""


@dataclass(frozen=True)
class Carried:
    """What of another student's one piece of work has."""

    student: str
    values: Values
    places: tuple[str, ...]
    """SCRIPT, MACHINE or both."""
    chance: float
    """That values which nobody copied would be those of any other student, as much as it can be."""


class Others:
    """Knows whose each value is that was drawn for one of `students` or of those in the course's list."""

    def __init__(self, assignment: Assignment, students: Iterable[str]) -> None:
        self._assignment = assignment
        self._students = {canonical(student): student for student in (*students, *assignment.students)}
        self._owners: dict[str, dict[tuple[str, str], list[str]]] = {}

    def carried(self, student: str, item: str, script: bytes, report: Report) -> tuple[Carried, ...]:
        """What `student` has of others for `item`, the least likely first."""
        patterns = {
            name: one for name, one in self._assignment.items[item].parameters.items() if isinstance(one, Pattern)
        }
        if self._assignment.secret is None or not patterns:
            return ()
        texts = {SCRIPT: script.decode("utf-8", "replace"), MACHINE: "\n".join(_seen(report))}
        own = self._assignment.values(student, item)
        found: dict[str, dict[str, str]] = {}
        places: dict[str, set[str]] = {}
        odds: dict[str, float] = {}
        for name, pattern in patterns.items():
            there = {place: set(pattern.found_in(text)) - {own[name]} for place, text in texts.items()}
            odds[name] = len(set().union(*there.values())) / pattern.possibilities
            for place, values in there.items():
                for value in values:
                    for owner in self._of(item).get((name, value), ()):
                        found.setdefault(owner, {})[name] = value
                        places.setdefault(owner, set()).add(place)
        others = len(self._students.keys() - {canonical(student)})
        chances = {owner: others * math.prod(odds[name] for name in theirs) for owner, theirs in found.items()}
        carried = [
            Carried(self._students[owner], theirs, tuple(filter(places[owner].__contains__, texts)), chances[owner])
            for owner, theirs in found.items()
            if chances[owner] <= BY_CHANCE
        ]
        return tuple(sorted(carried, key=lambda one: (one.chance, one.student)))

    def _of(self, item: str) -> dict[tuple[str, str], list[str]]:
        if item not in self._owners:
            owners = self._owners[item] = {}
            for student in self._students:
                for pair in self._assignment.values(student, item).items():
                    owners.setdefault(pair, []).append(student)
        return self._owners[item]


def _seen(report: Report) -> Iterator[str]:
    """All that comes from the machine."""
    yield report.transcript
    for result in report.results:
        yield result.actual
        for evidence in result.evidence:
            yield from (evidence.source, evidence.text)
