"""A machine that ends by itself: the lesson says so, loses nothing, and takes another one at a key."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events

from lablib.errors import MachineError
from lablib.machine.wire import Type
from tests.agents import CUTS, FakeServed
from tests.guests import booted, children, new_guest
from tests.tui.fake_machine import FakePlace, FakeProgress, chapter, entry
from tests.tui.lessons import FIRST, running, says, shown
from tests.tui.waiting import until
from tui.lesson import backstage as backstage_module
from tui.lesson.app import LessonApp
from tui.lesson.phase import Phase
from tui.lesson.words import Words

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstage_module, "KEEP_SECONDS", 0.05)


def served_lesson(folder: Path, machines: list[Any], progress: FakeProgress, language: str = "en") -> LessonApp:
    """At a step, where no check is watched that could tell."""
    told = chapter(folder)
    return LessonApp(entry(told), lambda: told, machines.pop, language, progress, FakePlace("first-look"))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
async def test_an_agent_that_dies_in_the_midst_of_a_frame_is_told_with_its_one_key_and_progress_is_kept(
    tmp_path: Path, cut: Callable[[bytes], bytes], language: str
) -> None:
    machines, progress = [FakeServed(), FakeServed()], FakeProgress(FIRST)
    first, words = machines[-1], Words(language)
    app = served_lesson(tmp_path, machines, progress, language)
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.readable and app.ready and "lab#" in app._pane.first.text)
        first.agent.die(cut, first.shell_channel)
        await until(pilot, lambda: app.phase is Phase.FAILED)
        notice = "".join(shown(app, "#notice").split())
        told = (words.screen("lost_title"), words.screen("lost_retry"), *words.error(MachineError("machine-gone")))
        assert all("".join(sentence.split()) in notice for sentence in told)
        assert "F5" in shown(app, "#keys")
        await pilot.press("f5")
        await until(pilot, lambda: app.ready and not machines and "lab#" in app._pane.first.text)
        assert progress.passed(FIRST) and app.guide.walk.at == 0


async def test_a_machine_that_ends_while_its_shell_had_ended_before_is_told_too(tmp_path: Path) -> None:
    machines = [FakeServed()]
    first = machines[-1]
    app = served_lesson(tmp_path, machines, FakeProgress())
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.readable and app.ready and "lab#" in app._pane.first.text)
        first.agent.send(Type.EXIT, first.shell_channel, b'{"status": 0}')
        await until(pilot, lambda: "has ended: 0" in app._pane.first.text)
        first.agent.end()
        await until(pilot, says(app, "#notice", "The machine was lost"))


async def test_a_machine_that_does_not_answer_is_not_given_up(tmp_path: Path) -> None:
    machines = [FakeServed()]
    first = machines[-1]
    app = served_lesson(tmp_path, machines, FakeProgress())
    async with running(app, (120, 40)) as pilot:
        await until(pilot, lambda: app.readable and app.ready and "lab#" in app._pane.first.text)
        first.save_work = _silent  # type: ignore[method-assign]
        await until(pilot, lambda: any("does not answer" in note.message for note in app._notifications))
        assert app.ready
        first.agent.send(Type.OUTPUT, first.shell_channel, b"still here")
        await until(pilot, lambda: "still here" in app._pane.first.text)
        del first.save_work
        first.agent.end()
        await until(pilot, lambda: app.phase is Phase.FAILED)


def _silent() -> bool:
    raise MachineError("machine-silent")


async def test_a_guest_that_is_killed_while_it_floods_the_screen_is_told_and_another_one_comes(tmp_path: Path) -> None:
    booted().close()  # or else this is skipped
    machines = [new_guest(), new_guest()]
    first = machines[-1]
    app = served_lesson(tmp_path, machines, FakeProgress(FIRST))
    async with running(app, (80, 24)) as pilot:
        await until(pilot, lambda: app.readable and app.ready and "root@lab" in app._pane.first.text, 30)
        app._pane.first.post_message(events.Paste("yes flood"))
        await pilot.press("enter")
        await until(pilot, lambda: app._pane.first.text.count("flood") > 5)
        assert first._keeper is not None
        for kernel in children(first._keeper.pid):
            os.kill(kernel, signal.SIGKILL)
        await until(pilot, says(app, "#notice", "The machine was lost"))
        await pilot.press("f5")
        await until(pilot, lambda: app.ready and not machines and "root@lab" in app._pane.first.text, 30)
