"""Every chapter's steps, played in a guest, behave as the chapter declares; on the kernel they were recorded on, word
for word as recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.course.model import Chapter
from lablib.course.parser import load_course
from lablib.machine.base import Size
from lablib.player import perform
from lablib.session.recording import load_recording
from tests.guests import new_guest

CHAPTERS = load_course(Path(__file__).parents[2] / "content").chapters


@pytest.mark.usefixtures("guests_boot")
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.id)
def test_every_step_behaves_as_declared(chapter: Chapter) -> None:
    recording = load_recording(chapter.folder, "guest")
    with new_guest() as machine:
        played = list(perform(chapter, machine, Size(80, 24), recording))
    assert {one.step.id: one.problems for one in played if one.problems} == {}
    assert len(played) == len(chapter.steps)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.id)
def test_every_step_that_a_guest_can_run_is_recorded(chapter: Chapter) -> None:
    recording = load_recording(chapter.folder, "guest")
    assert recording is not None
    assert set(recording.steps) == {step.id for step in chapter.steps if "systemd" not in step.needs}
