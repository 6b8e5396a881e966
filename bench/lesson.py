"""What a reader waits for in the lesson, each beside a reference in the same run: `.venv/bin/python bench/lesson.py`.

First text against a trivial Textual app, a flood against tmux, Ctrl-C under the flood and the event loop's lateness
meanwhile, all with a live view open; the guest's prompt against a bare boot, from Enter to green in the guest, and what
the screen takes of a processor while nobody does anything.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from measure import medians, report, seconds
from references import bare_boot
from terminals import COLUMNS, PROJECT, ROWS, Watched, python

sys.path.insert(0, str(PROJECT))

from lablib.machine.base import Size
from lablib.machine.guest import GuestMachine
from lablib.machine.probing import best
from lablib.session.session import Session

ROUNDS = 7
IDLE_SECONDS = 20.0
F8 = "\x1b[19~"
FLOOD = "yes | head -c 20M; echo flood-en''ded\r"
TRIVIAL = """
from textual.app import App
from textual.widgets import Static
class Trivial(App):
    def compose(self):
        yield Static("first text")
Trivial().run()
"""
SOLUTION = "cat cgroup.procs > leaf/cgroup.procs; echo +memory > cgroup.subtree_control"
LESSON = python(str(PROJECT / "labs/__main__.py"), "start", "cgroups")


def first_text(argv: list[str], text: str) -> Callable[[], float]:
    def measure() -> float:
        with Watched(argv) as program:
            return program.until(text) - program.began

    return measure


def paint_to_prompt() -> float:
    """From the lesson's title to the prompt of the machine beside it."""
    with Watched(LESSON) as program:
        painted = program.until("Control groups")
        return program.until("root@lab") - painted


def prompt_ready() -> float:
    """From the making of a guest to the first prompt of a shell in it."""
    machine = GuestMachine(best()[0])
    try:

        def boot() -> None:
            machine.open()
            session = Session(machine, Size(80, 24))
            threading.Thread(target=session.drain, daemon=True).start()
            session.find_prompt()

        return seconds(boot)
    finally:
        machine.close()


def flood_through_tmux() -> float:
    with tempfile.TemporaryDirectory() as folder:
        tmux = ["tmux", "-u", "-f", "/dev/null", "-S", f"{folder}/socket"]
        with Watched([*tmux, "new-session", "env", "PS1=lab# ", "bash", "--norc", "--noprofile"]) as program:
            program.until("lab#")
            began = program.type(FLOOD)
            took = program.until("flood-ended") - began
            os.spawnvp(os.P_WAIT, "tmux", [*tmux, "kill-server"])
            return took


def flood_through_lesson(lags: Path, interrupts: list[float]) -> float:
    with Watched(python(str(PROJECT / "bench/local_lesson.py"), str(lags))) as program:
        program.until(lambda text: "lab#" in text and "sleep 60" in text)  # the chapter's last step
        program.rest(1)
        program.type(F8)
        program.until("live")
        program.rest(1)
        began = program.type(FLOOD)
        took = program.until("flood-ended") - began
        program.type("yes\r")
        program.rest(1.5)
        asked = program.type("\x03")
        interrupts.append(program.until("lab#") - asked)
        program.type("\x1d\x11")
        program.rest(2)
        return took


def enter_to_green() -> float:
    with Watched([*LESSON[:-1], "cgroups/memory-only"]) as program:
        program.until("root@lab")
        program.until("1 of 2")
        program.type("cd /sys/fs/cgroup/test && mkdir leaf child\r")
        program.until("cgroup/test#")
        program.type(SOLUTION)
        program.rest(1)
        began = program.type("\r")
        return program.until("passed") - began


def idle() -> float:
    """The part of one processor that the lesson's own process takes at its prompt, with a live view open."""
    with Watched(LESSON) as program:
        program.until(lambda text: "root@lab" in text and "docker run" in text)
        program.rest(1)
        program.type(F8)
        program.rest(8)  # the next guest is on its way by then
        before = program.cpu_seconds
        program.rest(IDLE_SECONDS)
        return (program.cpu_seconds - before) / IDLE_SECONDS


def main() -> None:
    trivial = "a trivial Textual app's first text"
    texts = {
        trivial: first_text(python("-c", TRIVIAL), "first text"),
        "the lesson's title": first_text(LESSON, "Control groups"),
        "the lesson's text": first_text(LESSON, "docker run"),
    }
    report(medians(texts, ROUNDS), trivial)
    prompts = [paint_to_prompt() for _ in range(ROUNDS)]
    print(f"from the lesson's title to its prompt, median: {1000 * statistics.median(prompts):.0f} ms")
    boots = {"bare boot to /bin/sh": lambda: bare_boot(best()[0].program), "the guest's prompt": prompt_ready}
    report(medians(boots, ROUNDS), "bare boot to /bin/sh")
    with tempfile.TemporaryDirectory() as folder:
        lags, interrupts = Path(folder, "lags"), list[float]()
        floods = {
            f"20 MB through tmux, {COLUMNS}x{ROWS}": flood_through_tmux,
            "20 MB through the lesson": lambda: flood_through_lesson(lags, interrupts),
        }
        report(medians(floods, 3), next(iter(floods)))
        late = sorted(float(line) for line in lags.read_text().split())
        print(f"the event loop's lateness, p99: {late[int(len(late) * 0.99)]:.1f} ms of {len(late)} looks")
        print(f"Ctrl-C under a flood to the prompt, median: {1000 * statistics.median(interrupts):.0f} ms")
    print(f"the screen at rest: {100 * idle():.2f} % of a processor")
    greens = sorted(enter_to_green() for _ in range(ROUNDS))
    print(
        f"Enter to green in the guest, median: {1000 * statistics.median(greens):.0f} ms, worst {1000 * greens[-1]:.0f}"
    )


if __name__ == "__main__":
    main()
