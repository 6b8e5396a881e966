"""Makes docs/lesson.svg, the picture in the README, from a real run: `.venv/bin/python docs/picture.py`.

The lesson boots a guest, `test` is given a child, and the kernel refuses what comes next; the card says why.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from textual.pilot import Pilot

from lablib.machine.choose import guest_factory
from lablib.place import Place
from lablib.progress import Progress
from labs import course
from tui.lesson.app import LessonApp

SIZE = (132, 38)
TASK = "cgroups/memory-only"
TYPED = ("cd /sys/fs/cgroup/test", "mkdir leaf child", "echo +memory > cgroup.subtree_control")


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Raises TimeoutError when `condition` does not come about."""
    end = monotonic() + 30
    while not condition():
        if monotonic() > end:
            raise TimeoutError
        await pilot.pause(0.05)


async def picture(state: str) -> str:
    name = TASK.partition("/")[0]
    entry = course.entry(name)
    place = Place(state)
    app = LessonApp(entry, lambda: course.chapter(name), guest_factory(), "en", Progress(state), place, TASK)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.ready and app.readable)
        terminal = app.screen.query_one("Terminal")
        await until(pilot, lambda: "root@lab" in getattr(terminal, "text", ""))
        for line in TYPED:
            await pilot.press(*("space" if character == " " else character for character in line), "enter")
            await pilot.pause(0.5)
        await until(pilot, lambda: "busy" in getattr(terminal, "text", ""))
        await pilot.press("f8")
        await pilot.pause(2)
        svg = app.export_screenshot(title="labs start cgroups")
        await pilot.press("ctrl+right_square_bracket", "ctrl+q")
        await until(pilot, lambda: not app.is_running)
    return svg


def main() -> None:
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LABS_THEME="dark")  # wherever it is made
    with tempfile.TemporaryDirectory() as state:
        svg = asyncio.run(picture(state))
    target = PROJECT / "docs/lesson.svg"
    target.write_text(svg, "utf-8")
    print(f"{target}: {len(svg) >> 10} KiB")


if __name__ == "__main__":
    main()
