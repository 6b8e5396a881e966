"""A lesson on a recording, as a program: `python -m tests.tui.replay_lesson FOLDER LANGUAGE`."""

from __future__ import annotations

import sys
from pathlib import Path

from lablib.course.model import End
from lablib.session.recording import Recorded, Recording
from lablib.session.replay import ReplayMachine
from tests.tui.fake_machine import FakePlace, FakeProgress, chapter, entry
from tui.lesson import run_lesson

RECORDING = Recording(
    kind="guest",
    release="6.1.0",
    distribution="Debian GNU/Linux 12 (bookworm)",
    date="2026-11-25",
    columns=80,
    steps={
        "first-look": Recorded(End.EXITED, 0, "first\nlook"),
        "last-look": Recorded(End.EXITED, 3, ""),
    },
)


def main() -> int:
    told, language = chapter(Path(sys.argv[1])), sys.argv[2]
    machine = ReplayMachine(told, RECORDING, language)
    places = FakeProgress(), FakePlace()
    return run_lesson(entry(told), lambda: told, lambda: machine, language, *places, attachable=False)[0]


if __name__ == "__main__":
    sys.exit(main())
