"""What the course map lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lablib.course.index import ChapterEntry
from tui.lesson.state import Progress


@dataclass(frozen=True)
class MapPlace:
    """A chapter, or a task or a question in it. `id` is what `labs start` is given."""

    id: str
    title: str
    passed: int
    total: int
    """Of a task or a question 1."""
    number: int = 0
    """Of a chapter; 0 for what is in one."""
    question: bool = False
    lacks: str = ""
    """What it needs and this machine does not have."""

    @property
    def done(self) -> bool:
        return self.passed == self.total


def map_places(
    chapters: Sequence[ChapterEntry], progress: Progress, lacking: Mapping[str, str], language: str
) -> Iterator[MapPlace]:
    """Each chapter before what is in it. `lacking` says by task what it needs and this machine does not have."""
    for chapter in chapters:
        rows = [
            MapPlace(
                one.id,
                one.title[language],
                int(progress.passed(one.id)),
                1,
                question=one in chapter.questions,
                lacks=lacking.get(one.id, ""),
            )
            for one in [*chapter.tasks, *chapter.questions]
        ]
        passed = sum(row.passed for row in rows)
        yield MapPlace(chapter.id, chapter.title[language], passed, len(rows), number=chapter.number)
        yield from rows


def resumed(places: Sequence[MapPlace], chapter: str, item: str) -> int:
    """Where the map begins: at the item where the reader was, or else its chapter; or else the first chapter that is
    not done."""
    for wanted in (item, chapter):
        for at, place in enumerate(places):
            if wanted and place.id == wanted:
                return at
    return next((at for at, place in enumerate(places) if place.number and not place.done), 0)
