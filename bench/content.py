"""How long the proof of the course takes, a case at a time, and how much playing a chapter adds to its commands' own
time: `.venv/bin/python bench/content.py`, on the kernel that guests boot (LABS_GUEST_KERNEL names another)."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from measure import seconds

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lablib.course.index import chapters
from lablib.machine.guest import GuestMachine
from lablib.machine.probing import best

LABS = [sys.executable, str(PROJECT / "labs/__main__.py")]


def asked(*words: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(subprocess.run([*LABS, *words, "--json"], capture_output=True, check=True).stdout)
    return said


def boot() -> float:
    def there_and_gone() -> None:
        with GuestMachine(best()[0]):
            pass

    return statistics.median(seconds(there_and_gone) for _ in range(5))


def main() -> None:
    kernel, found = best()
    print(f"{found.release}, {kernel.program}")
    once = boot()
    print(f"a guest, there and gone: {once:.2f} s")
    for chapter in chapters(str(PROJECT / "content")):
        played = asked("run", chapter.id)
        own, scenes = (sum(step[what] for step in played["steps"]) for what in ("seconds", "scene_seconds"))
        took = played["seconds"]
        print(f"labs run {chapter.id}: {took:.1f} s")
        print(f"  x {took / (own + once):.2f} its commands' own {own:.1f} s and a boot")
        print(f"  x {took / (own + scenes + once):.2f} these and its scenes' {scenes:.1f} s")
    proved = asked("dev", "check")
    tried = (one for one in proved["found"] if "/" in one["name"].split(" ")[0])
    cases = sorted(tried, key=lambda one: one["seconds"])
    middle = statistics.median(one["seconds"] for one in cases)
    print(f"labs dev check: {proved['seconds']:.0f} s; {len(cases)} cases, median {middle:.2f} s")
    for one in cases[-5:]:
        print(f"  {one['seconds']:6.2f} s  {one['name']}")


if __name__ == "__main__":
    main()
