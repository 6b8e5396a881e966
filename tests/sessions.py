"""Sessions for tests, read from by a thread that must end with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lablib.course.model import End
from lablib.machine.base import Machine, Size
from lablib.session.session import Outcome, Session

SIZE = Size(80, 24)


class ReadSession(Session):
    """A session that is read from, and what was read, at most its last 64 KiB."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, SIZE)
        self.seen = bytearray()
        self.reader = threading.Thread(target=self.drain, daemon=True)
        self.reader.start()

    def read(self) -> bytes:
        data = super().read()
        self.seen += data
        del self.seen[:-65536]
        return data

    def says(self, commands: str, seconds: float = 10.0) -> str:
        return self.run(commands, seconds).output

    def expect(self, text: str, seconds: float = 10.0) -> None:
        """Waits until `text` was read."""
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {bytes(self.seen[-800:])!r}"
            time.sleep(0.01)
        self.seen.clear()

    def type(self, keys: str) -> None:
        self.write(keys.encode())

    def start(self, commands: str, seconds: float = 10.0) -> Callable[[], Outcome | Exception]:
        """Runs `commands` in a thread; call what this returns for how they ended."""
        ended: list[Outcome | Exception] = []

        def run() -> None:
            try:
                ended.append(self.run(commands, seconds))
            except Exception as error:
                ended.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def outcome() -> Outcome | Exception:
            thread.join(seconds + 10)
            assert ended, "a step ends in its time"
            return ended[0]

        return outcome

    def end(self) -> None:
        self.close()
        self.reader.join(10)
        assert not self.reader.is_alive()


def ends(outcome: Outcome | Exception) -> tuple[End, int | None]:
    """How a step ended, and with which status."""
    assert isinstance(outcome, Outcome), outcome
    return outcome.end, outcome.status
