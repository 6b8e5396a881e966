"""The lesson on a shell of this machine, for measuring the screen without a guest: `local_lesson.py LAGS`. At the end
the file LAGS has how late the event loop came each time, in milliseconds."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from labs.starting import SWITCH_SECONDS
from tests.tui.fake_machine import FakeMachine, FakePlace, FakeProgress, chapter, entry
from tui.lesson.app import LessonApp

PERIOD = 0.005


class Timed(LessonApp):
    """Notes each time the event loop wakes it how late that is."""

    lags: list[float]

    def on_mount(self) -> None:  # beside that of the lesson, which Textual calls as well
        self.lags = []
        self._sampler = asyncio.create_task(self._sample())

    async def _sample(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(PERIOD)
            self.lags.append((time.perf_counter() - began - PERIOD) * 1000)


def main() -> None:
    sys.setswitchinterval(SWITCH_SECONDS)  # as `labs start` does
    with tempfile.TemporaryDirectory() as folder:
        told = chapter(Path(folder))
        app = Timed(entry(told), lambda: told, FakeMachine, "en", FakeProgress(), FakePlace())
        app.run()
        app.close_now()
        Path(sys.argv[1]).write_text("\n".join(f"{lag:.2f}" for lag in app.lags))


if __name__ == "__main__":
    main()
