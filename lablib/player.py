"""Plays a chapter: a step is typed into the session once the state it starts from is there, and judged by what it
declares."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from lablib.course.model import Chapter, End, Step
from lablib.machine.base import Machine, Size
from lablib.needs import lacking
from lablib.scene import run_scene
from lablib.session.recording import Recording, difference
from lablib.session.session import BusyError, Outcome, Session

_LEAVE_SECONDS = 5.0


@dataclass(frozen=True)
class Problem:
    """Where a step behaved otherwise than it declares: `key` names the sentence `problem.KEY`."""

    key: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Played:
    """A step that was played, or could not be."""

    step: Step
    outcome: Outcome | None
    """None where it was not run, since the machine lacks something."""
    lacking: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def as_declared(self) -> bool:
        return not self.problems


class Player:
    """One chapter on one machine, in one session."""

    def __init__(self, chapter: Chapter, machine: Machine, session: Session) -> None:
        self._steps = {step.id: step for step in steps(chapter)}
        self._machine = machine
        self._session = session
        self._entered: list[tuple[str, int]] = []
        """Steps whose shells are open, and how deep each is."""

    def play(self, step: Step) -> Played:
        """Runs `step`. Whatever it needs first is seen to: its scene, and the shell it is typed in. Raises BusyError
        when something else has the terminal, MachineError."""
        if missing := lacking(self._machine, step.needs):
            return Played(step, None, missing)
        if step.scene is not None:
            run_scene(self._machine, step.scene, step.id)
        self._go_inside(step.inside)
        outcome = self._session.run(step.commands, step.seconds)
        if outcome.end is End.ENTERED:
            self._entered.append((step.id, self._session.depth))
        return Played(step, outcome, problems=tuple(_judge(step, outcome)))

    def _go_inside(self, wanted: str) -> None:
        """To the shell that the step `wanted` enters, the first one for an empty name: what is deeper is left, what is
        missing is entered."""
        chain = self._chain(wanted)
        while self._session.depth > 1 and self._inside() not in chain:
            if self._session.run("exit", _LEAVE_SECONDS).end is not End.LEFT:
                raise BusyError("session-stays", step=self._inside() or "bash")
        for name in chain[chain.index(self._inside()) + 1 :]:
            self.play(self._steps[name])

    def _inside(self) -> str:
        """The step whose shell has the prompt; empty for the first shell, and no name of a step for one that the
        reader opened."""
        depth = self._session.depth
        self._entered = [(step, deep) for step, deep in self._entered if deep <= depth]
        at = {deep: step for step, deep in self._entered}
        return at.get(depth, "" if depth <= 1 else "?")

    def _chain(self, step: str) -> list[str]:
        """The shells from the first one to that of `step`."""
        chain = [step]
        while chain[0]:
            chain.insert(0, self._steps[chain[0]].inside)
        return chain


def perform(chapter: Chapter, machine: Machine, size: Size, recording: Recording | None = None) -> Iterator[Played]:
    """Plays every step with nobody looking on; where the machine is of the kind and release of `recording`, each is to
    be as it was recorded. A program that is left waiting is ended before the next step. Raises MachineError."""
    here = machine.capabilities
    if recording is not None and not recording.is_of(here.kind, here.release):
        recording = None
    with ExitStack() as undo:
        session = _unseen(machine, size, undo)
        player = Player(chapter, machine, session)
        for step in steps(chapter):
            try:
                played = player.play(step)
            except BusyError as error:
                played = Played(step, None, problems=(Problem("busy", {"program": error.params.get("program", "?")}),))
            yield played if recording is None else compared(played, recording)
            ended = played.outcome is None or played.outcome.end not in (End.WAITING, End.TIMEOUT, End.LOST)
            if (not ended or played.problems) and not session.interrupt():
                session.close()
                session = _unseen(machine, size, undo)
                player = Player(chapter, machine, session)


def _unseen(machine: Machine, size: Size, undo: ExitStack) -> Session:
    session = Session(machine, size)
    threading.Thread(target=session.drain, name="session", daemon=True).start()
    undo.callback(session.close)
    return session


def steps(chapter: Chapter) -> tuple[Step, ...]:
    """The chapter's steps in reading order; they are the same in every language."""
    blocks = next(iter(chapter.blocks.values()))
    return tuple(block for block in blocks if isinstance(block, Step))


def compared(played: Played, recording: Recording) -> Played:
    """`played`, which is also to be as it was recorded on this very kind of machine and kernel."""
    recorded = recording.steps.get(played.step.id)
    if played.outcome is None or recorded is None:
        return played
    different = difference(played.step, recorded, played.outcome)
    if different is None:
        return played
    problem = Problem("not-as-recorded", {"then": different[0], "now": different[1]})
    return Played(played.step, played.outcome, problems=(*played.problems, problem))


def _judge(step: Step, outcome: Outcome) -> Iterator[Problem]:
    if outcome.end is not step.ends:
        yield Problem("end", {"expected": step.ends, "actual": outcome.end, "program": outcome.program or "-"})
    elif outcome.end is End.EXITED and outcome.status != step.status:
        yield Problem("status", {"expected": str(step.status), "actual": str(outcome.status)})
    for pattern in step.shows:
        if not re.search(pattern, outcome.output, re.MULTILINE):
            yield Problem("shows", {"pattern": pattern})
