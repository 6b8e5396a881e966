"""Plays a chapter: a step is typed into the session once the state it starts from is there, and judged by what it
declares."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

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
    scene_seconds: float = 0.0
    """How long it took to set the state that the step starts from."""

    @property
    def as_declared(self) -> bool:
        return not self.problems


class Player:
    """One chapter on one machine, in one session."""

    def __init__(self, chapter: Chapter, machine: Machine, session: Session) -> None:
        self._steps = {step.id: step for step in chapter.steps}
        self._machine = machine
        self._session = session
        self._entered: dict[int, str] = {}
        """The steps that opened shells, by the session's numbers of these."""
        self._there: set[str] = set()
        """Needs that were once found met: asked of a guest each time, they would cost more than many a step."""

    def play(self, step: Step) -> Played:
        """Runs `step`. Whatever it needs first is seen to: the shell it is typed in, and its scene. Raises BusyError
        when it cannot be typed, MachineError."""
        chain = self._chain(step.inside)
        needs = dict.fromkeys(need for one in (*chain, step) for need in one.needs)
        if missing := self._missing(needs):
            return Played(step, None, missing)
        self._go_inside(chain)
        began = time.monotonic()
        if step.scene is not None:
            run_scene(self._machine, step.scene, step.id)
        scene_seconds = time.monotonic() - began
        outcome = self._session.run(step.commands, step.seconds * self._machine.capabilities.slowness)
        if outcome.end is End.ENTERED:
            self._entered[self._session.shells[-1]] = step.id
        return Played(step, outcome, problems=tuple(_judge(step, outcome)), scene_seconds=scene_seconds)

    def _missing(self, needs: Iterable[str]) -> tuple[str, ...]:
        asked = [need for need in needs if need not in self._there]
        missing = lacking(self._machine, asked)
        self._there.update(need for need in asked if need not in missing)
        return missing

    def _chain(self, step: str) -> tuple[Step, ...]:
        """The steps that open the shells from the first one down to that of the step called `step`."""
        if not step:
            return ()
        entering = self._steps[step]
        return (*self._chain(entering.inside), entering)

    def _go_inside(self, chain: tuple[Step, ...]) -> None:
        """To the shell that the last of `chain` opens, the first one where there is none: what is deeper is left, what
        is missing is opened."""
        self._session.find_prompt()
        names = [step.id for step in chain]
        while (inside := self._inside()) != names[: len(inside)]:
            self._leave()
        for step in chain[len(inside) :]:
            played = self.play(step)
            if played.outcome is None or played.outcome.end is not End.ENTERED:
                raise BusyError("session-not-entered", step=step.id)

    def _inside(self) -> list[str]:
        """The steps that opened the shells which are open now; no name of a step for one of the reader's."""
        return [self._entered.get(shell, "") for shell in self._session.shells[1:]]

    def _leave(self) -> None:
        """One shell up. A bash with stopped jobs only warns the first time."""
        if all(self._session.run("exit", _LEAVE_SECONDS).end is not End.LEFT for _ in range(2)):
            raise BusyError("session-stays")


def perform(chapter: Chapter, machine: Machine, size: Size, recording: Recording | None = None) -> Iterator[Played]:
    """Plays every step with nobody looking on; where the machine is of the kind and release of `recording`, each is to
    be as it was recorded. A program that is left waiting is ended before the next step. Raises MachineError."""
    here = machine.capabilities
    if recording is not None and not recording.is_of(here.kind, here.release):
        recording = None
    with ExitStack() as undo:
        session = _unseen(machine, size, undo)
        player = Player(chapter, machine, session)
        for step in chapter.steps:
            try:
                played = player.play(step)
            except BusyError as error:
                played = Played(step, None, problems=(Problem(error.key, error.params),))
            yield played if recording is None else compared(played, recording)
            if not played.lacking and not session.interrupt():
                session.close()
                session = _unseen(machine, size, undo)
                player = Player(chapter, machine, session)


def _unseen(machine: Machine, size: Size, undo: ExitStack) -> Session:
    session = Session(machine, size)
    threading.Thread(target=session.drain, name="session", daemon=True).start()
    undo.callback(session.close)
    return session


def compared(played: Played, recording: Recording) -> Played:
    """`played`, which is also to be as it was recorded on this very kind of machine and kernel."""
    recorded = recording.steps.get(played.step.id)
    if played.outcome is None or recorded is None:
        return played
    different = difference(played.step, recorded, played.outcome)
    if different is None:
        return played
    problem = Problem("not-as-recorded", {"then": different[0], "now": different[1]})
    return replace(played, problems=(*played.problems, problem))


def _judge(step: Step, outcome: Outcome) -> Iterator[Problem]:
    if outcome.end is not step.ends:
        yield Problem("end", {"expected": step.ends, "actual": outcome.end, "program": outcome.program or "-"})
    elif outcome.end is End.EXITED and outcome.status != step.status:
        yield Problem("status", {"expected": str(step.status), "actual": str(outcome.status)})
    for pattern in step.shows:
        if not re.search(pattern, outcome.output, re.MULTILINE):
            yield Problem("shows", {"pattern": pattern})
