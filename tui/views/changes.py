"""What has changed in the last moments: rows as they are beside rows as they were a moment ago."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from lablib.machine.seen import Row

FRESH_SECONDS = 3.0
"""How long a change lights up: long enough to look up from the keys."""
SETTLING_SECONDS = 1.0
"""What comes this soon after the first picture was there all along."""
_MOST = 64
"""Forms of one row that are remembered, however fast it changes."""


class Changes:
    """Is told each picture with the time, and compares."""

    def __init__(self) -> None:
        self._forms: dict[str, deque[tuple[float, Row | None]]] = {}
        """Of each row, since when it has which form; the first is the one that it had a moment ago. None: not there."""
        self._began: float | None = None
        self._now = 0.0

    def take(self, rows: Mapping[str, Row], now: float) -> None:
        """The picture is `rows` from `now` on."""
        if self._began is None:
            self._began = now
        settling = now - self._began < SETTLING_SECONDS
        for key in [*rows, *(key for key in self._forms if key not in rows)]:
            row = rows.get(key)
            forms = self._forms.setdefault(key, deque([(now, row if settling else None)], _MOST))
            if forms[-1][1] != row:
                forms.append((now, row))
        self.look(now)

    def look(self, now: float) -> None:
        """Nothing is new, but time has passed."""
        self._now = now
        for key, forms in list(self._forms.items()):
            while len(forms) > 1 and forms[1][0] <= now - FRESH_SECONDS:
                forms.popleft()
            if len(forms) == 1 and forms[0][1] is None:
                del self._forms[key]

    def before(self, key: str) -> Row | None:
        """The row as it was a moment ago; None where it was not there."""
        forms = self._forms.get(key)
        return forms[0][1] if forms else None

    def gone(self) -> Iterator[tuple[str, Row]]:
        """The rows that were there a moment ago and are no more, as they were last."""
        for key, forms in self._forms.items():
            if forms[-1][1] is None:
                last = next((row for _, row in reversed(forms) if row is not None), None)
                if last is not None:
                    yield key, last

    @property
    def any(self) -> bool:
        """Whether something lights up now."""
        return any(len(forms) > 1 for forms in self._forms.values())
