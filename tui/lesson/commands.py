"""What the reader can have done now, each thing with the key for it: what the palette lists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tui.lesson.words import Words


@dataclass(frozen=True)
class Command:
    """`does` names it, `act` does it."""

    does: str
    act: Callable[[], Awaitable[object] | object]
    key: str = ""
    also: str = ""
    """What else it is found by: its names in the other languages."""

    def rank(self, sought: str) -> int | None:
        """How well it fits the words in `sought`, 0 best; None where one of them is not in its names."""
        names, words = f"{self.does} {self.key} {self.also}".casefold(), sought.casefold().split()
        if not all(word in names for word in words):
            return None
        if names.startswith(" ".join(words)):
            return 0
        return 1 if all(f" {word}" in f" {names}" for word in words) else 2


def named(
    words: Words, sentence: str, act: Callable[[], Awaitable[object] | object], key: str = "", **params: str | int
) -> Command:
    """The command that the key `sentence` of the catalogue names, found by its name in every language."""
    first, *others = (one.screen(sentence, **params) for one in (words, *words.others))
    return Command(first, act, key, " ".join(others))


def fitting(commands: Sequence[Command], sought: str) -> list[Command]:
    """Those that fit `sought`, the best first; of those that fit alike, the first first."""
    ranked = [(rank, at) for at, one in enumerate(commands) if (rank := one.rank(sought)) is not None]
    return [commands[at] for _, at in sorted(ranked)]
