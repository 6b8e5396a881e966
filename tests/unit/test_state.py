"""A state file is whole after every crash, and nothing is lost on a full disk."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib.errors import LabsError
from lablib.place import Place
from lablib.progress import Progress

PROJECT = Path(__file__).parents[2]
KILLS = 40
WRITING = """
import sys; sys.path.insert(0, sys.argv[1])
from lablib.place import Place
from lablib.progress import Progress
place, progress = Place(sys.argv[2]), Progress(sys.argv[2])
print(flush=True)
for number in range(int(sys.argv[3]), 1 << 30):
    progress.mark_passed(f"chapter/task-{number}")
    place.remember(f"chapter-{number}", f"item-{number}")
"""


def test_a_kill_at_any_moment_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    moments = random.Random(1)
    reached = placed = 0
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-IS", "-c", WRITING, str(PROJECT), str(tmp_path), str(reached)], stdout=subprocess.PIPE
        )
        assert writer.stdout
        writer.stdout.readline()
        time.sleep(moments.uniform(0, 0.02))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        progress, place = Progress(str(tmp_path)), Place(str(tmp_path))
        assert (progress.problem, place.problem) == (None, None)
        before = reached
        while progress.passed(f"chapter/task-{reached}"):
            reached += 1
        assert reached >= before, "what was noted before the kill is still there"
        if place.last:
            number = int(place.last.removeprefix("chapter-"))
            assert placed <= number < reached
            assert place.at(place.last) == f"item-{number}"
            placed = number
    assert reached, "nothing was ever written"


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(lambda folder: Progress(folder).mark_passed("chapter/another"), id="progress"),
        pytest.param(lambda folder: Place(folder).remember("another", "item"), id="place"),
    ],
)
def test_a_full_disk_loses_nothing_and_is_said(tmp_path: Path, note: Callable[[str], None]) -> None:
    Progress(str(tmp_path)).mark_passed("chapter/task")
    Place(str(tmp_path)).remember("chapter", "task")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))  # write(2) then fails in the middle of the file
    try:
        with pytest.raises(LabsError) as caught:
            note(str(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.key == "progress-not-saved"
    assert Progress(str(tmp_path)).passed("chapter/task")
    assert Place(str(tmp_path)).at("chapter") == "task"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["passed", "place"]
